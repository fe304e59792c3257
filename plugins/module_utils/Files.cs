//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Xml;

namespace Keydeploy
{
    /// <summary>Files by their Windows paths; a path may also be told by an element of another file.</summary>
    public static class Files
    {
        private static readonly Regex OnAShare = new Regex(@"^[\\/]{2}");
        private static readonly Regex OnADrive = new Regex(@"^[A-Za-z]:[\\/]");
        private static readonly Regex LastName = new Regex(@"[\\/]+[^\\/]*\z");

        private static readonly Dictionary<FileAttributes, string> Attributes = new Dictionary<FileAttributes, string>
        {
            { FileAttributes.ReadOnly, "read_only" },
            { FileAttributes.Hidden, "hidden" },
            { FileAttributes.System, "system" },
            { FileAttributes.ReparsePoint, "reparse_point" },
            { FileAttributes.Compressed, "compressed" },
            { FileAttributes.Encrypted, "encrypted" }
        };

        public static object Read(Arguments operation, byte[] tagKey)
        {
            string path = Follow(operation.Value("at"));
            byte[] content = path == null ? null : Content(path);
            string full = content == null ? null : Disk.Full(path);
            FileAttributes attributes = (content == null ? null : Disk.Attributes(full)) ?? 0;
            return new Fields
            {
                { "path", path },
                { "content", content == null ? null : Convert.ToBase64String(content) },
                { "tag", content == null ? null : Tag(content, tagKey) },
                { "sddl", content == null ? null : Disk.Access(full) },
                { "attributes", Attributes.Where(known => (attributes & known.Key) != 0).Select(known => known.Value).ToList() }
            };
        }

        public static Staging Stage(Arguments operation, byte[] tagKey)
        {
            string path = Disk.Expand(operation.Text("path"));
            string full = Disk.Full(path);
            if (!IsLocal(path) || Disk.IsFolder(full) || !Disk.IsFolder(Parent(full)))
            {
                throw new NodeError("path", "the path is a folder's, or the folder of the file does not exist on this machine");
            }
            string tag = operation.OptionalText("tag");
            List<object> splices = operation.List("splices");
            return new Staging
            {
                Change = Of(new Arguments(new Fields { { "path", full }, { "read_only", ((Disk.Attributes(full) ?? 0) & FileAttributes.ReadOnly) != 0 } })),
                IsAsObserved = shown => (shown == null ? null : Tag(shown, tagKey)) == tag,
                After = shown => Apply(shown ?? new byte[0], splices)
            };
        }

        public static Change Of(Arguments target)
        {
            return new FileChange(target);
        }

        /// <summary>Answers the path that a location means, null where a pointer leads nowhere.</summary>
        private static string Follow(object location)
        {
            string path = location as string;
            if (path != null)
            {
                return Disk.Expand(path);
            }
            Arguments pointer = new Arguments(location);
            string file = Follow(pointer.Value("file"));
            byte[] content = file == null ? null : Content(file);
            string target = content == null ? null : Attribute(content, pointer);
            if (target == null)
            {
                return null;
            }
            path = Join(Parent(file), Disk.Expand(target));
            string append = pointer.OptionalText("append");
            return string.IsNullOrEmpty(append) ? path : Join(path, append);
        }

        /// <summary>Answers what the file at a path holds; null where there is none, or it lies on a share.</summary>
        private static byte[] Content(string path)
        {
            return IsLocal(path) ? Disk.Read(Disk.Full(path)) : null;
        }

        private static bool IsLocal(string path)
        {
            return !OnAShare.IsMatch(path) && Disk.IsLocal(Disk.Full(path));
        }

        private static string Join(string folder, string path)
        {
            return OnADrive.IsMatch(path) || OnAShare.IsMatch(path) ? path : folder.TrimEnd('\\', '/') + "\\" + path;
        }

        private static string Parent(string path)
        {
            return LastName.Replace(path, "");
        }

        /// <summary>Answers the attribute that a pointer names; null where there is none, or the file is damaged.</summary>
        private static string Attribute(byte[] content, Arguments pointer)
        {
            XmlDocument document = Parse(content);
            if (document == null)
            {
                return null;
            }
            IEnumerable<XmlElement> elements = new[] { document.DocumentElement };
            foreach (object step in pointer.List("walk"))
            {
                Arguments wanted = new Arguments(step);
                elements = elements.SelectMany(element => element.SelectNodes("descendant-or-self::*").Cast<XmlElement>())
                    .Where(element => Matches(element, wanted)).ToList();
            }
            string name = pointer.Text("attribute");
            return elements.Where(element => element.HasAttribute(name)).Select(element => element.GetAttribute(name)).FirstOrDefault();
        }

        /// <summary>Reads XML, and nothing that it refers to; null where it is not well-formed.</summary>
        public static XmlDocument Parse(byte[] content)
        {
            XmlDocument document = new XmlDocument { XmlResolver = null };
            try
            {
                using (XmlReader reader = XmlReader.Create(new MemoryStream(content), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null }))
                {
                    document.Load(reader);
                }
                return document;
            }
            catch (XmlException)
            {
                return null;
            }
        }

        private static bool Matches(XmlElement element, Arguments step)
        {
            string attribute = step.OptionalText("attribute");
            return element.LocalName == step.Text("element") && (attribute == null || string.Equals(
                element.GetAttribute(attribute), step.OptionalText("value") ?? "", StringComparison.OrdinalIgnoreCase));
        }

        public static string Tag(byte[] content, byte[] key)
        {
            using (HMACSHA256 keyed = new HMACSHA256(key))
            {
                return string.Concat(keyed.ComputeHash(content).Select(value => value.ToString("x2")));
            }
        }

        /// <summary>Answers the content with the splices applied; their offsets are those of the content, in order.</summary>
        private static byte[] Apply(byte[] content, List<object> splices)
        {
            using (MemoryStream result = new MemoryStream())
            {
                int position = 0;
                foreach (object item in splices)
                {
                    Arguments splice = new Arguments(item);
                    long start = splice.Whole("start"), end = splice.Whole("end");
                    if (start < position || end < start || end > content.Length)
                    {
                        throw new NodeError("request", "the edits do not fit the file");
                    }
                    byte[] inserted = splice.Bytes("content");
                    result.Write(content, position, (int)start - position);
                    result.Write(inserted, 0, inserted.Length);
                    position = (int)end;
                }
                result.Write(content, position, content.Length - position);
                return result.ToArray();
            }
        }

        private sealed class FileChange : Change
        {
            private readonly string path;
            private readonly bool readOnly;

            public FileChange(Arguments target) : base("file", target, "path", "read_only")
            {
                path = target.Text("path");
                readOnly = target.Flag("read_only");
            }

            public override string Place
            {
                get { return path; }
            }

            // Both lie beside the file, because a file is replaced on one volume only. IIS serves no *.config.
            private string Temporary
            {
                get { return path + ".keydeploy.config"; }
            }

            private string Replaced
            {
                get { return path + ".keydeploy-replaced.config"; }
            }

            public override byte[] Show()
            {
                return Disk.Read(path);
            }

            public override void Put(byte[] kept)
            {
                FileAttributes? attributes = Disk.Attributes(path);
                if (attributes == null)
                {
                    if (kept != null)
                    {
                        Disk.Write(Temporary, kept, null);
                        Disk.Move(Temporary, path, false);
                    }
                    return;
                }
                FileAttributes writable = attributes.Value & ~FileAttributes.ReadOnly;
                if (writable != attributes)
                {
                    Disk.SetAttributes(path, writable);
                }
                if (kept == null)
                {
                    Disk.Delete(path);
                    return;
                }
                try
                {
                    Disk.Write(Temporary, kept, path);
                    Disk.Replace(path, Temporary, Replaced);
                }
                finally
                {
                    Tidy();
                    Disk.SetAttributes(path, readOnly ? writable | FileAttributes.ReadOnly : writable);
                }
            }

            public override void Tidy()
            {
                // Between the two steps of Disk.Replace.
                if (Disk.Attributes(path) == null && Disk.Attributes(Replaced) != null)
                {
                    Disk.Move(Replaced, path, false);
                }
                Disk.Delete(Temporary);
                Disk.Delete(Replaced);
            }
        }
    }
}
