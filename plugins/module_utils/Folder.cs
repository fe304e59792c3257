using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.AccessControl;
using System.Security.Principal;
using System.Text;

namespace Keydeploy
{
    /// <summary>keydeploy's own folder, %ProgramData%\keydeploy, which belongs to the administrators and to nobody else.</summary>
    /// <remarks>Every user may make folders in %ProgramData%, so one that somebody else made is refused and not used.</remarks>
    public static class Folder
    {
        /// <summary>Answers owner and access of a folder.</summary>
        public static Func<string, string> Access = Disk.Access;

        private const string OwnAccess = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
        private const string Runs = "runs";
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        private static string Root
        {
            get { return Disk.Full(Disk.Expand(@"%ProgramData%\keydeploy")); }
        }

        /// <summary>Refuses a folder that is not to be trusted; none at all is no error.</summary>
        public static void Check()
        {
            if (Disk.Attributes(Root) == null)
            {
                return;
            }
            string access = Access(Root);
            if (access == null)
            {
                throw new NodeError("access_denied", "keydeploy's folder on the node is for administrators only");
            }
            if (!Disk.IsFolder(Root) || !IsOurs(new RawSecurityDescriptor(access)))
            {
                throw Refusal();
            }
            RefuseLinks(Root);
        }

        public static void Create()
        {
            Disk.CreateFolder(Root, OwnAccess);
            Check();
        }

        /// <summary>Keeps other processes from changing anything here until it is disposed; null where there is no folder.</summary>
        public static IDisposable Hold()
        {
            Check();
            if (Disk.Attributes(Root) == null)
            {
                return null;
            }
            string file = Place("busy");
            IDisposable hold = Disk.Seize(file);
            for (TimeSpan waited = TimeSpan.Zero; hold == null; waited += Pause)
            {
                if (waited > Patience)
                {
                    throw new NodeError("in_use", "another process is changing this node");
                }
                Clock.Sleep(Pause);
                hold = Disk.Seize(file);
            }
            return hold;
        }

        /// <summary>Answers what <paramref name="read"/> makes of the object in a file of this folder, null where there is no file.</summary>
        public static T ReadJson<T>(string name, Func<Arguments, T> read) where T : class
        {
            byte[] content = Disk.Read(Place(name));
            try
            {
                return content == null ? null : read(new Arguments(Json.Parse(Encoding.UTF8.GetString(content))));
            }
            catch (NodeError)
            {
                throw Damaged();
            }
        }

        /// <summary>Writes an object into a file so that, whatever happens, the file holds the old one or the new one.</summary>
        public static void WriteJson(string name, Fields value)
        {
            string file = Place(name), written = file.Replace(".json", ".new");
            Disk.Write(written, Encoding.UTF8.GetBytes(Json.Write(value) + "\n"), null);
            Disk.Move(written, file, true);
        }

        public static void CreateRun(string run)
        {
            Disk.CreateFolder(Place(Runs), null);
            Disk.CreateFolder(Place(Runs, run), null);
        }

        /// <summary>Keeps what a run replaces or puts in place, encrypted for this machine.</summary>
        public static void Keep(string run, string name, byte[] content)
        {
            Disk.Write(Place(Runs, run, name), Protection.Protect(content), null);
        }

        public static byte[] Kept(string run, string name)
        {
            byte[] content = Disk.Read(Place(Runs, run, name));
            if (content == null)
            {
                throw Damaged();
            }
            return Protection.Unprotect(content);
        }

        /// <summary>Answers the names of the runs that left something here.</summary>
        public static string[] RunNames()
        {
            return Disk.Names(Place(Runs));
        }

        /// <summary>Answers the names of what a run has left here.</summary>
        public static string[] NamesIn(string run)
        {
            return Disk.Names(Place(Runs, run));
        }

        public static void RemoveRun(string run)
        {
            // Its backup's record goes first, because without it the rest counts for nothing.
            RemoveIn(run, name => name.EndsWith(".json"));
            RemoveIn(run, name => true);
            Disk.DeleteFolder(Place(Runs, run));
        }

        /// <summary>Removes some of what a run has left here.</summary>
        public static void RemoveIn(string run, Func<string, bool> which)
        {
            foreach (string name in NamesIn(run).Where(which))
            {
                Disk.Delete(Place(Runs, run, name));
            }
        }

        public static void Remove(string name)
        {
            Disk.Delete(Place(name));
        }

        /// <summary>Answers the name of a file in a run's folder.</summary>
        public static string InRun(string run, string name)
        {
            return string.Join("\\", Runs, run, name);
        }

        private static NodeError Damaged()
        {
            return new NodeError("malformed", "what keydeploy left on the node is damaged");
        }

        private static string Place(params string[] names)
        {
            return Root + "\\" + string.Join("\\", names);
        }

        private static NodeError Refusal()
        {
            return new NodeError("folder", "keydeploy's folder on the node was made, or can be read or changed, by others than administrators");
        }

        private static void RefuseLinks(string path)
        {
            FileAttributes attributes = Disk.Attributes(path) ?? 0;
            if ((attributes & FileAttributes.ReparsePoint) != 0)
            {
                throw Refusal();
            }
            foreach (string name in Disk.Names(path))
            {
                RefuseLinks(path + "\\" + name);
            }
        }

        private static bool IsOurs(RawSecurityDescriptor access)
        {
            return IsTrusted(access.Owner) && access.DiscretionaryAcl != null
                && access.DiscretionaryAcl.Cast<GenericAce>().All(GivesNothingToOthers);
        }

        private static bool GivesNothingToOthers(GenericAce entry)
        {
            CommonAce common = entry as CommonAce;
            return common != null && (common.AceQualifier == AceQualifier.AccessDenied || IsTrusted(common.SecurityIdentifier));
        }

        private static bool IsTrusted(SecurityIdentifier account)
        {
            return account != null
                && (account.IsWellKnown(WellKnownSidType.LocalSystemSid) || account.IsWellKnown(WellKnownSidType.BuiltinAdministratorsSid));
        }
    }
}
