using System;
using System.Security.AccessControl;

namespace Keydeploy
{
    /// <summary>Who may do what with a key, in one form.</summary>
    /// <remarks>
    /// A key's access is that of its file. Windows answers the file's rights with generic ones beside them and keeps no generic
    /// ones. Whether an entry is inherited says nothing of a key, and what is for things below it alone does not concern it.
    /// </remarks>
    public static class KeyAccess
    {
        private const string Unlimited = "D:NO_ACCESS_CONTROL";
        private const int GenericRead = unchecked((int)0x80000000), GenericWrite = 0x40000000, GenericExecute = 0x20000000, GenericAll = 0x10000000;
        private const int ReadData = 1, WriteData = 2, Read = 0x120089, Write = 0x120116, Execute = 0x1200A0, All = 0x1F01FF;

        /// <summary>Reads what a request gives; it must say who has access.</summary>
        public static RawSecurityDescriptor Parse(string sddl)
        {
            try
            {
                RawSecurityDescriptor access = new RawSecurityDescriptor(sddl);
                if (access.DiscretionaryAcl != null && sddl != Unlimited)
                {
                    return access;
                }
            }
            catch (ArgumentException)
            {
            }
            catch (InvalidOperationException)
            {
            }
            throw Arguments.Wrong();
        }

        /// <summary>Answers as bytes what a request gave, or what a key showed.</summary>
        public static byte[] Descriptor(string sddl)
        {
            RawSecurityDescriptor access = sddl == Unlimited ? new RawSecurityDescriptor(ControlFlags.DiscretionaryAclPresent, null, null, null, null) : Parse(sddl);
            byte[] descriptor = new byte[access.BinaryLength];
            access.GetBinaryForm(descriptor, 0);
            return descriptor;
        }

        public static bool Same(string sddl, string other)
        {
            return sddl == other || (sddl != Unlimited && other != Unlimited && Canonical(Parse(sddl)) == Canonical(Parse(other)));
        }

        public static string Canonical(RawSecurityDescriptor access)
        {
            if (access.DiscretionaryAcl == null)
            {
                return Unlimited;
            }
            RawAcl acl = new RawAcl(GenericAcl.AclRevision, 0);
            foreach (GenericAce entry in access.DiscretionaryAcl)
            {
                QualifiedAce given = entry as QualifiedAce;
                if (given != null && (entry.AceFlags & AceFlags.InheritOnly) == 0)
                {
                    acl.InsertAce(acl.Count, new CommonAce(AceFlags.None, given.AceQualifier, Generic(given.AccessMask), given.SecurityIdentifier, false, null));
                }
            }
            return new RawSecurityDescriptor(ControlFlags.DiscretionaryAclPresent, null, null, null, acl).GetSddlForm(AccessControlSections.Access);
        }

        private static int Generic(int mask)
        {
            mask |= (mask & GenericAll) != 0 ? All : 0;
            mask |= (mask & (GenericRead | ReadData)) != 0 ? Read : 0;
            mask |= (mask & (GenericWrite | WriteData)) != 0 ? Write : 0;
            mask |= (mask & GenericExecute) != 0 ? Execute : 0;
            mask &= ~(GenericAll | GenericRead | GenericWrite | GenericExecute);
            return mask == All ? GenericAll : mask == Read ? GenericRead : mask;
        }
    }
}
