using System;
using System.Security.AccessControl;

namespace Keydeploy
{
    /// <summary>Who may do what with a key, in one form.</summary>
    /// <remarks>
    /// A key's access is that of its file. Windows answers the file's rights with generic ones beside them, keeps no generic
    /// ones, and what is inherited from a folder or only for what lies below says nothing of a key.
    /// </remarks>
    public static class KeyAccess
    {
        private const string Unlimited = "D:NO_ACCESS_CONTROL";
        private const int GenericRead = unchecked((int)0x80000000);
        private const int GenericWrite = 0x40000000;
        private const int GenericExecute = 0x20000000;
        private const int GenericAll = 0x10000000;
        private const int ReadData = 1;
        private const int WriteData = 2;
        private const int Read = 0x120089;
        private const int Write = 0x120116;
        private const int Execute = 0x1200A0;
        private const int All = 0x1F01FF;

        /// <summary>Reads what a request gives; it must say who has access.</summary>
        public static RawSecurityDescriptor Parse(string sddl)
        {
            try
            {
                RawSecurityDescriptor access = new RawSecurityDescriptor(sddl);
                if (access.DiscretionaryAcl != null)
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
                CommonAce common = entry as CommonAce;
                if (common != null && (entry.AceFlags & AceFlags.InheritOnly) == 0)
                {
                    acl.InsertAce(acl.Count, new CommonAce(AceFlags.None, common.AceQualifier, Generic(common.AccessMask), common.SecurityIdentifier, false, null));
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
