using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security;
using Microsoft.Win32;

namespace Keydeploy
{
    /// <summary>Values of the registry below HKLM, in the view that the request names.</summary>
    public static class RegistryValues
    {
        private const string Root = @"HKLM\";

        private static readonly Dictionary<string, RegistryValueKind> Kinds = new Dictionary<string, RegistryValueKind>
        {
            { "string", RegistryValueKind.String },
            { "expand_string", RegistryValueKind.ExpandString },
            { "multi_string", RegistryValueKind.MultiString },
            { "dword", RegistryValueKind.DWord },
            { "qword", RegistryValueKind.QWord },
            { "binary", RegistryValueKind.Binary },
            { "none", RegistryValueKind.None }
        };

        public static object Read(Arguments arguments)
        {
            bool keyExists;
            Fields value = new Value(arguments).Look(out keyExists);
            if (value != null && value["data"] is int)
            {
                value["data"] = unchecked((uint)(int)value["data"]);
            }
            else if (value != null && value["data"] is long)
            {
                value["data"] = unchecked((ulong)(long)value["data"]);
            }
            return new Fields { { "key_exists", keyExists }, { "value", value } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Value value = new Value(arguments);
            byte[] before = Requested(arguments.OptionalObject("before"));
            byte[] after = Requested(arguments.OptionalObject("after"));
            return new Staging
            {
                Change = value,
                IsAsObserved = shown => value.Same(shown, before),
                Before = shown => value.WhatToKeep(shown, null),
                After = shown => after
            };
        }

        public static Change Of(Arguments target)
        {
            return new Value(target);
        }

        private static byte[] Requested(Arguments value)
        {
            if (value == null)
            {
                return null;
            }
            string kind = value.Text("kind");
            object data = Data(value);
            string[] texts = data as string[] ?? new[] { data as string ?? "text" };
            bool isList = data is string[]; // which an empty text would end
            bool fits = texts.All(text => !text.Contains('\0') && (text.Length > 0 || !isList));
            long? number = value.Value("data") as long?;
            if (!fits || number < 0 || (data is int && number > uint.MaxValue))
            {
                throw Arguments.Wrong();
            }
            return ToKeep(Described(kind, data), null);
        }

        /// <summary>Answers what the registry takes for the data of a value.</summary>
        private static object Data(Arguments value)
        {
            switch (value.Text("kind"))
            {
                case "multi_string":
                    return value.List("data").ConvertAll(text => text as string ?? "").ToArray();
                case "binary":
                case "none":
                    return value.Bytes("data");
                case "dword":
                    return unchecked((int)value.Whole("data"));
                case "qword":
                    return value.Value("data") is ulong ? unchecked((long)(ulong)value.Value("data")) : value.Whole("data");
                default:
                    return value.Text("data");
            }
        }

        /// <summary>Answers a value as JSON has it, but for its numbers, which have a sign as the registry's have.</summary>
        private static Fields Described(string kind, object data)
        {
            byte[] bytes = data as byte[];
            return new Fields { { "kind", kind }, { "data", bytes == null ? data : Convert.ToBase64String(bytes) } };
        }

        /// <summary>Answers what is kept of a value and of its path, <paramref name="depth"/> keys of which there were.</summary>
        private static byte[] ToKeep(Fields value, int? depth)
        {
            return value == null && depth == null ? null : Kept.Of(new Fields { { "value", value }, { "depth", depth } });
        }

        private sealed class Value : Change
        {
            private readonly long view;
            private readonly string name;
            private readonly string[] path;

            public Value(Arguments arguments) : base("registry", arguments, "view", "key", "value")
            {
                view = arguments.Whole("view");
                string key = arguments.Text("key");
                name = arguments.Text("value");
                path = key.Substring(Math.Min(Root.Length, key.Length)).Split('\\');
                if (!key.StartsWith(Root, StringComparison.OrdinalIgnoreCase) || path.Contains(""))
                {
                    throw new NodeError("path", "a registry key begins with HKLM\\ and has no empty part");
                }
            }

            public Fields Look(out bool keyExists)
            {
                bool exists = false;
                Fields value = Do("the registry value cannot be read", machine =>
                {
                    using (RegistryKey opened = machine.OpenSubKey(Upper(path.Length)))
                    {
                        exists = opened != null;
                        return exists && opened.GetValueNames().Contains(name, StringComparer.OrdinalIgnoreCase) ? ValueIn(opened) : null;
                    }
                });
                keyExists = exists;
                return value;
            }

            public override byte[] Show()
            {
                bool keyExists;
                return ToKeep(Look(out keyExists), null);
            }

            public override bool Same(byte[] shown, byte[] kept)
            {
                return ValueOf(shown) == ValueOf(kept);
            }

            /// <summary>Answers the value with the number of its keys that there are, so that no key is left that came with it.</summary>
            public override byte[] WhatToKeep(byte[] shown, byte[] known)
            {
                Arguments value = shown == null ? null : Kept.Open(shown).Object("value");
                int depth = Do("the registry key cannot be read", machine => Enumerable.Range(1, path.Length).Count(length => Exists(machine, length)));
                return ToKeep(value == null ? null : Described(value.Text("kind"), Data(value)), depth);
            }

            public override void Put(byte[] kept)
            {
                Arguments opened = Kept.Open(kept);
                Arguments value = opened == null ? null : opened.OptionalObject("value");
                Do("the registry value cannot be changed", machine =>
                {
                    if (value == null)
                    {
                        Remove(machine);
                        RemoveEmptyKeys(machine, opened == null ? path.Length : opened.Whole("depth"));
                        return true;
                    }
                    using (RegistryKey created = machine.CreateSubKey(Upper(path.Length)))
                    {
                        created.SetValue(name, Data(value), Kinds[value.Text("kind")]);
                        return true;
                    }
                });
            }

            private void Remove(RegistryKey machine)
            {
                using (RegistryKey opened = machine.OpenSubKey(Upper(path.Length), true))
                {
                    if (opened != null)
                    {
                        opened.DeleteValue(name, false);
                    }
                }
            }

            /// <summary>Removes keys of the path that hold nothing, but not its first <paramref name="depth"/> ones.</summary>
            private void RemoveEmptyKeys(RegistryKey machine, long depth)
            {
                for (int length = path.Length; length > depth; length--)
                {
                    using (RegistryKey opened = machine.OpenSubKey(Upper(length)))
                    {
                        if (opened != null && opened.SubKeyCount + opened.ValueCount > 0)
                        {
                            return;
                        }
                    }
                    machine.DeleteSubKey(Upper(length), false);
                }
            }

            private bool Exists(RegistryKey machine, int length)
            {
                using (RegistryKey opened = machine.OpenSubKey(Upper(length)))
                {
                    return opened != null;
                }
            }

            private string Upper(int length)
            {
                return string.Join("\\", path.Take(length));
            }

            private Fields ValueIn(RegistryKey opened)
            {
                RegistryValueKind kind = opened.GetValueKind(name);
                object data = opened.GetValue(name, null, RegistryValueOptions.DoNotExpandEnvironmentNames);
                string word = Kinds.FirstOrDefault(pair => pair.Value == kind).Key;
                bool ofBytes = kind == RegistryValueKind.Binary || kind == RegistryValueKind.None;
                if (word == null || data == null || data is byte[] != ofBytes) // a number of a wrong length comes as bytes
                {
                    throw new NodeError("unsupported", "the registry value is of a kind that keydeploy does not know, or damaged");
                }
                return Described(word, data);
            }

            private static string ValueOf(byte[] kept)
            {
                return kept == null ? "null" : Json.Write(Kept.Open(kept).Value("value"));
            }

            private T Do<T>(string what, Func<RegistryKey, T> work)
            {
                try
                {
                    using (RegistryKey machine = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, view == 64 ? RegistryView.Registry64 : RegistryView.Registry32))
                    {
                        return work(machine);
                    }
                }
                catch (ArgumentException)
                {
                    throw new NodeError("path", "Windows does not take this name of a registry key or value");
                }
                catch (Exception error)
                {
                    bool denied = error is SecurityException || error is UnauthorizedAccessException;
                    if (!denied && !(error is IOException))
                    {
                        throw;
                    }
                    throw NodeError.Of(denied ? 5 : error.HResult, what);
                }
            }
        }
    }
}
