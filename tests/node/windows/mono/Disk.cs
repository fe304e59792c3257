using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;

namespace Keydeploy
{
    /// <summary>Stands in for Disk where there is no Windows: C:\x is ROOT/C/x, found without regard to case.</summary>
    public static class Disk
    {
        private static readonly string Root = Environment.GetEnvironmentVariable("KEYDEPLOY_ROOT");
        private static int changesLeft = int.Parse(Environment.GetEnvironmentVariable("KEYDEPLOY_DIES_AT") ?? "0");

        private static readonly Regex FullPath = new Regex(@"^[A-Za-z]:[\\/][^<>:""|?*\x00-\x1f]*\z");

        private static readonly Dictionary<string, string> Variables = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            { "windir", @"C:\Windows" }, { "SystemRoot", @"C:\Windows" }, { "SystemDrive", "C:" }, { "ProgramData", @"C:\ProgramData" }
        };

        public static string Expand(string path)
        {
            return Regex.Replace(path, "%([^%]+)%", found => Variables.ContainsKey(found.Groups[1].Value) ? Variables[found.Groups[1].Value] : found.Value);
        }

        public static string Full(string path)
        {
            if (!FullPath.IsMatch(path))
            {
                throw new NodeError("path", "the path is not a full local path");
            }
            string[] kept = new string[0];
            foreach (string name in path.Substring(2).Split('\\', '/').Where(name => name != "" && name != "."))
            {
                kept = name == ".." ? kept.Take(kept.Length - 1).ToArray() : kept.Concat(new[] { name }).ToArray();
            }
            return path.Substring(0, 2) + "\\" + string.Join("\\", kept);
        }

        public static bool IsLocal(string path)
        {
            return true;
        }

        public static byte[] Read(string path)
        {
            string file = Located(path);
            return File.Exists(file) ? File.ReadAllBytes(file) : null;
        }

        public static void Write(string path, byte[] content, string like)
        {
            BeforeAChange();
            using (FileStream stream = new FileStream(Located(path), FileMode.Create))
            {
                stream.Write(content, 0, content.Length / 2);
                stream.Flush();
                BeforeAChange();
                stream.Write(content, content.Length / 2, content.Length - content.Length / 2);
                stream.Flush(true);
            }
        }

        public static void Move(string path, string to, bool replace)
        {
            BeforeAChange();
            string target = Located(to);
            if (!replace && File.Exists(target))
            {
                throw new NodeError("changed", "a file has come into being since it was observed");
            }
            if (File.Exists(target))
            {
                File.Replace(Located(path), target, null);
            }
            else
            {
                File.Move(Located(path), target);
            }
        }

        public static void Replace(string path, string replacement, string old)
        {
            BeforeAChange(); // in two steps, because Windows' own has two
            File.Move(Located(path), Located(old));
            BeforeAChange();
            File.Move(Located(replacement), Located(path));
        }

        public static void Delete(string path)
        {
            if (File.Exists(Located(path)))
            {
                BeforeAChange();
                File.Delete(Located(path));
            }
        }

        public static FileAttributes? Attributes(string path)
        {
            string file = Located(path);
            return File.Exists(file) || Directory.Exists(file) ? File.GetAttributes(file) : (FileAttributes?)null;
        }

        public static void SetAttributes(string path, FileAttributes attributes)
        {
            BeforeAChange();
            File.SetAttributes(Located(path), attributes);
        }

        public static bool IsFolder(string path)
        {
            return Directory.Exists(Located(path));
        }

        public static string Access(string path)
        {
            return IsFolder(path) ? "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" : null;
        }

        public static void CreateFolder(string path, string sddl)
        {
            BeforeAChange();
            Directory.CreateDirectory(Located(path));
        }

        public static void DeleteFolder(string path)
        {
            BeforeAChange();
            Directory.Delete(Located(path));
        }

        public static string[] Names(string folder)
        {
            return IsFolder(folder) ? Directory.GetFileSystemEntries(Located(folder)).Select(Path.GetFileName).ToArray() : new string[0];
        }

        public static IDisposable Seize(string path)
        {
            return new FileStream(Located(path), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }

        private static void BeforeAChange()
        {
            changesLeft--;
            if (changesLeft == 0)
            {
                Process.GetCurrentProcess().Kill();
                Thread.Sleep(Timeout.Infinite);
            }
        }

        private static string Located(string path)
        {
            string place = Path.Combine(Root, path.Substring(0, 1).ToUpperInvariant());
            foreach (string name in path.Substring(2).Split(new[] { '\\' }, StringSplitOptions.RemoveEmptyEntries))
            {
                place = Child(place, name);
            }
            return place;
        }

        private static string Child(string folder, string name)
        {
            string exact = Path.Combine(folder, name);
            if (File.Exists(exact) || !Directory.Exists(folder))
            {
                return exact;
            }
            return Directory.GetFileSystemEntries(folder)
                .FirstOrDefault(found => string.Equals(Path.GetFileName(found), name, StringComparison.OrdinalIgnoreCase)) ?? exact;
        }
    }
}
