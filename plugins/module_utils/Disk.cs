using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Keydeploy
{
    /// <summary>Files and folders by full local paths of any length, as Windows itself has them.</summary>
    /// <remarks>
    /// System.IO of .NET Framework 4.5 knows neither long paths nor write-through. What another process prevents for a
    /// moment (a virus scanner, a backup, IIS) is tried again for a second.
    /// </remarks>
    public static class Disk
    {
        private const int Attempts = 10, AccessDenied = 5, AlreadyExists = 183, OwnerAndAccess = 5, AccessAlone = 4, RemoteDrive = 4;
        private const uint GenericRead = 0x80000000, GenericWrite = 0x40000000, WriteAttributes = 0x100, ShareAll = 7;
        private const uint CreateAlways = 2, OpenExisting = 3, OpenAlways = 4, WriteThrough = 0x80000000, DeleteOnClose = 0x04000000;

        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
        // See NodeError.
        private static readonly int[] Passing = { 32, 33, 1175, 1176, 1177, 1224 };
        // File, path, drive, medium, folder.
        private static readonly int[] Missing = { 2, 3, 15, 21, 267 };
        private static readonly Regex FullPath = new Regex(@"^[A-Za-z]:[\\/][^<>:""|?*\x00-\x1f]*\z");

        /// <summary>Replaces the environment variables of a path; unknown ones stay.</summary>
        public static string Expand(string path)
        {
            return Environment.ExpandEnvironmentVariables(path);
        }

        /// <summary>Answers the one name of a full path: of its slashes, of . and .., and without blanks at the end.</summary>
        public static string Full(string path)
        {
            StringBuilder full = new StringBuilder(short.MaxValue);
            if (FullPath.IsMatch(path) && GetFullPathName(path, full.Capacity, full, IntPtr.Zero) != 0 && FullPath.IsMatch(full.ToString()))
            {
                string name = full.ToString();
                return name.Length > 3 ? name.TrimEnd('\\') : name;
            }
            throw new NodeError("path", "the path is not a full local path");
        }

        /// <summary>Tells whether a full path lies on a drive of this machine, and not on a share under a drive's letter.</summary>
        public static bool IsLocal(string path)
        {
            return GetDriveType(path.Substring(0, 2) + "\\") != RemoteDrive;
        }

        /// <summary>Answers what a file holds, null where there is none; its time of access stays.</summary>
        public static byte[] Read(string path)
        {
            const string What = "the file cannot be read";
            SafeFileHandle file = null;
            int error = Try(() => Open(path, GenericRead | WriteAttributes, ShareAll, null, OpenExisting, 0, out file));
            // An account may read and not write attributes; then the time of access is up to Windows.
            if (error == AccessDenied)
            {
                error = Try(() => Open(path, GenericRead, ShareAll, null, OpenExisting, 0, out file));
            }
            if (Array.IndexOf(Missing, error) >= 0 || (error == AccessDenied && IsFolder(path)))
            {
                return null;
            }
            NodeError.Require(error, What);
            using (file)
            {
                long never = -1;
                // Through this handle.
                SetFileTime(file, IntPtr.Zero, ref never, IntPtr.Zero);
                using (FileStream stream = new FileStream(file, FileAccess.Read))
                {
                    return Guard(What, () => new BinaryReader(stream).ReadBytes(checked((int)stream.Length)));
                }
            }
        }

        /// <summary>Writes a file so that it is on the disk when this returns; who may read <paramref name="like"/> may read it.</summary>
        public static void Write(string path, byte[] content, string like)
        {
            const string What = "the file cannot be written";
            SafeFileHandle file = null;
            byte[] access = like == null ? null : Descriptor(like, AccessAlone);
            NodeError.Require(WithAccess(access, given => Try(() => Open(path, GenericWrite, 0, given, CreateAlways, WriteThrough, out file))), What);
            using (FileStream stream = new FileStream(file, FileAccess.Write))
            {
                Guard(What, () =>
                {
                    stream.Write(content, 0, content.Length);
                    stream.Flush(true);
                    return true;
                });
            }
        }

        /// <summary>Gives a file another name on the same volume; a file of that name is replaced where <paramref name="replace"/> says so.</summary>
        public static void Move(string path, string to, bool replace)
        {
            // MOVEFILE_WRITE_THROUGH, MOVEFILE_REPLACE_EXISTING.
            int flags = 8 | (replace ? 1 : 0);
            // Somebody reads the file that is replaced.
            int[] alsoPassing = replace ? new[] { AccessDenied } : new int[0];
            int error = Try(() => NodeError.Last(MoveFileEx(Long(path), Long(to), flags)), alsoPassing);
            if (error == AlreadyExists)
            {
                throw new NodeError("changed", "a file has come into being since it was observed");
            }
            NodeError.Require(error, "the file cannot be put in its place");
        }

        /// <summary>Puts <paramref name="replacement"/> in the place of a file, which keeps its access and gets the name <paramref name="old"/>.</summary>
        public static void Replace(string path, string replacement, string old)
        {
            int error = Try(() =>
            {
                int code = NodeError.Last(ReplaceFile(Long(path), Long(replacement), Long(old), 0, IntPtr.Zero, IntPtr.Zero));
                // Error 1177 leaves it so.
                if (code != 0 && Attributes(path) == null && Attributes(old) != null)
                {
                    Move(old, path, false);
                }
                return code;
            });
            NodeError.Require(error, "the file cannot be replaced");
        }

        /// <summary>Deletes a file; one that is not there is no error.</summary>
        public static void Delete(string path)
        {
            int error = Try(() => NodeError.Last(DeleteFile(Long(path))));
            if (Array.IndexOf(Missing, error) < 0)
            {
                NodeError.Require(error, "the file cannot be deleted");
            }
        }

        /// <summary>Answers the attributes of a file or folder, null where there is none.</summary>
        public static FileAttributes? Attributes(string path)
        {
            int attributes = GetFileAttributes(Long(path));
            return attributes == -1 ? (FileAttributes?)null : (FileAttributes)attributes;
        }

        public static void SetAttributes(string path, FileAttributes attributes)
        {
            FileAttributes wanted = attributes == 0 ? FileAttributes.Normal : attributes;
            NodeError.Require(Try(() => NodeError.Last(SetFileAttributes(Long(path), (int)wanted))), "the attributes of the file cannot be changed");
        }

        public static bool IsFolder(string path)
        {
            FileAttributes? attributes = Attributes(path);
            return attributes != null && (attributes.Value & FileAttributes.Directory) != 0;
        }

        /// <summary>Answers owner and access in the security descriptor definition language, null where they are not shown.</summary>
        public static string Access(string path)
        {
            byte[] descriptor = Descriptor(path, OwnerAndAccess);
            return descriptor == null ? null : new RawSecurityDescriptor(descriptor, 0)
                .GetSddlForm(AccessControlSections.Owner | AccessControlSections.Access);
        }

        /// <summary>Makes a folder with the owner and access of <paramref name="sddl"/>, or those it inherits; one that is there stays as it is.</summary>
        public static void CreateFolder(string path, string sddl)
        {
            byte[] descriptor = null;
            if (sddl != null)
            {
                RawSecurityDescriptor wanted = new RawSecurityDescriptor(sddl);
                descriptor = new byte[wanted.BinaryLength];
                wanted.GetBinaryForm(descriptor, 0);
            }
            int error = WithAccess(descriptor, given => Try(() => NodeError.Last(CreateDirectory(Long(path), given))));
            if (error != AlreadyExists)
            {
                NodeError.Require(error, "keydeploy's folder cannot be made");
            }
        }

        /// <summary>Deletes an empty folder.</summary>
        public static void DeleteFolder(string path)
        {
            NodeError.Require(Try(() => NodeError.Last(RemoveDirectory(Long(path)))), "a folder of keydeploy's cannot be deleted");
        }

        /// <summary>Answers the names of what lies in a folder, nothing where there is no folder.</summary>
        public static string[] Names(string folder)
        {
            return IsFolder(folder)
                ? Guard("keydeploy's folder cannot be read", () => Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).ToArray())
                : new string[0];
        }

        /// <summary>Opens a file for this process alone until it is disposed; then the file is deleted. Null while another process has it.</summary>
        public static IDisposable Seize(string path)
        {
            SafeFileHandle file;
            int error = Open(path, GenericWrite, 0, null, OpenAlways, DeleteOnClose, out file);
            // Denied while its deletion is pending.
            if (error == AccessDenied || Array.IndexOf(Passing, error) >= 0)
            {
                return null;
            }
            NodeError.Require(error, "keydeploy's folder cannot be written");
            return file;
        }

        private static int Open(string path, uint access, uint share, SecurityAttributes security, uint disposition, uint flags, out SafeFileHandle file)
        {
            file = CreateFile(Long(path), access, share, security, disposition, flags, IntPtr.Zero);
            return NodeError.Last(!file.IsInvalid);
        }

        /// <summary>Answers Windows' error code of the last attempt, 0 when it was done.</summary>
        private static int Try(Func<int> attempt, params int[] alsoPassing)
        {
            for (int left = Attempts; ; left--)
            {
                int error = attempt();
                if (left == 0 || (Array.IndexOf(Passing, error) < 0 && Array.IndexOf(alsoPassing, error) < 0))
                {
                    return error;
                }
                Clock.Sleep(Pause);
            }
        }

        private static T Guard<T>(string what, Func<T> work)
        {
            try
            {
                return work();
            }
            catch (IOException exception)
            {
                throw NodeError.Of(exception.HResult, what);
            }
        }

        private static byte[] Descriptor(string path, int what)
        {
            int length;
            GetFileSecurity(Long(path), what, null, 0, out length);
            byte[] descriptor = new byte[length];
            return GetFileSecurity(Long(path), what, descriptor, length, out length) ? descriptor : null;
        }

        private static int WithAccess(byte[] descriptor, Func<SecurityAttributes, int> work)
        {
            GCHandle pinned = GCHandle.Alloc(descriptor, GCHandleType.Pinned);
            try
            {
                return work(descriptor == null ? null : new SecurityAttributes
                {
                    Length = Marshal.SizeOf(typeof(SecurityAttributes)), Descriptor = pinned.AddrOfPinnedObject(), Inherit = 0
                });
            }
            finally
            {
                pinned.Free();
            }
        }

        private static string Long(string path)
        {
            return @"\\?\" + path;
        }

        [StructLayout(LayoutKind.Sequential)]
        private sealed class SecurityAttributes
        {
            public int Length;
            public IntPtr Descriptor;
            public int Inherit;
        }

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        private static extern int GetFullPathName(string path, int length, StringBuilder full, IntPtr file);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        private static extern int GetDriveType(string root);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern SafeFileHandle CreateFile(
            string path, uint access, uint share, SecurityAttributes security, uint disposition, uint flags, IntPtr template);

        [DllImport("kernel32.dll")]
        private static extern bool SetFileTime(SafeFileHandle file, IntPtr created, ref long accessed, IntPtr written);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool MoveFileEx(string path, string to, int flags);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool ReplaceFile(string path, string replacement, string old, int flags, IntPtr reserved, IntPtr reserved2);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool DeleteFile(string path);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode)]
        private static extern int GetFileAttributes(string path);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool SetFileAttributes(string path, int attributes);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
        private static extern bool GetFileSecurity(string path, int what, byte[] descriptor, int length, out int needed);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool CreateDirectory(string path, SecurityAttributes security);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool RemoveDirectory(string path);
    }
}
