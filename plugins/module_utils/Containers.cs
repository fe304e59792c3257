using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Keydeploy
{
    /// <summary>Machine-wide RSA key containers of CryptoAPI. None comes into being by looking, and nobody is asked anything.</summary>
    /// <remarks>The provider is that of type 24, which has the containers of types 1 and 12 as well: all are the same files.</remarks>
    public static class Containers
    {
        private const int RsaAndAes = 24, ForExchange = 1, ForSignatures = 2, NoMoreItems = 259, LongestName = 4096;
        private const uint New = 0x8, Delete = 0x10, OfMachine = 0x20, Silent = 0x40, WithoutContainer = 0xF0000000;
        private const uint ContainerNames = 2, Access = 8, Discretionary = 4, First = 1, Next = 2;

        private static readonly string[] Details = { "provider", "provider_type", "key_number", "bits", "exportable", "unique_name", "sddl", "public_key" };

        public static object Read(Arguments arguments)
        {
            return Look((string)new Container(arguments).Target["name"]);
        }

        public static object List(Arguments arguments)
        {
            string prefix = arguments.Text("prefix");
            IEnumerable<string> names = Names().Where(name => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
            IEnumerable<object> listed = names.OrderBy(name => name, StringComparer.Ordinal)
                .Select(name => (object)new Fields { { "name", name }, { "state", Look(name) } });
            return new Fields { { "containers", listed } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Container container = new Container(arguments);
            Arguments before = arguments.OptionalObject("before");
            Arguments previous = arguments.OptionalObject("previous");
            Arguments after = arguments.OptionalObject("after");
            Arguments key = after == null ? null : after.OptionalObject("key");
            if (after != null)
            {
                NameOfProvider(after.Whole("provider_type"));
                KeyAccess.Parse(after.Text("sddl"));
            }
            byte[] oldBlob = previous == null ? null : RsaKeys.Blob(previous);
            byte[] newBlob = key == null ? null : RsaKeys.Blob(key);
            return new Staging
            {
                Change = container,
                Early = arguments.Flag("early"),
                IsAsObserved = shown =>
                {
                    Held held = new Held(shown);
                    return before == null ? held.Key == null : held.Key == RsaKeys.Text(before.Object("public_key")) && held.Has(before.Text("sddl"));
                },
                Before = shown =>
                {
                    Held held = new Held(shown);
                    if (previous != null && RsaKeys.Text(previous) != held.Key)
                    {
                        throw new NodeError("key", "the previous key of the request is not the one in the container");
                    }
                    bool stays = key != null && RsaKeys.Text(key) == held.Key;
                    held.Blob = oldBlob ?? (held.IsExportable == true ? container.Exported((int)held.Number) : stays ? newBlob : null);
                    return shown == null ? null : held.ToBytes();
                },
                After = shown =>
                {
                    Held held = new Held(shown);
                    if (key == null && after != null && held.Key == null)
                    {
                        throw new NodeError("changed", "the container whose access shall change has no key");
                    }
                    if (key != null)
                    {
                        held.PublicKey = RsaKeys.Numbers(key.Bytes("modulus"), key.Bytes("exponent"));
                        held.Number = ForExchange;
                        held.IsExportable = after.Flag("exportable");
                        held.Blob = newBlob;
                    }
                    held.Sddl = after == null ? null : after.Text("sddl");
                    return after == null ? null : held.ToBytes();
                }
            };
        }

        public static Change Of(Arguments target)
        {
            return new Container(target);
        }

        /// <summary>Answers the name of Microsoft's provider of a type; a type of other keys is refused.</summary>
        public static string NameOfProvider(long type)
        {
            switch (type)
            {
                case 1:
                    return "Microsoft Strong Cryptographic Provider";
                case 12:
                    return "Microsoft RSA SChannel Cryptographic Provider";
                case RsaAndAes:
                    return "Microsoft Enhanced RSA and AES Cryptographic Provider";
            }
            throw new NodeError("unsupported", "RSA keys are in containers of the provider types 1, 12 and 24 alone");
        }

        /// <summary>Opens a key that there is, or raises CryptographicException.</summary>
        public static RSACryptoServiceProvider Open(string container, int type, string provider, int number)
        {
            const CspProviderFlags Flags = CspProviderFlags.UseMachineKeyStore | CspProviderFlags.UseExistingKey | CspProviderFlags.NoPrompt;
            return new RSACryptoServiceProvider(new CspParameters(type, provider, container) { KeyNumber = number, Flags = Flags });
        }

        /// <summary>Answers what a container shows, in the words of the contract.</summary>
        public static Fields Look(string name)
        {
            Handle container;
            int error = Acquire(name, 0, out container);
            using (container)
            {
                for (int number = ForExchange; error == 0 && number <= ForSignatures; number++)
                {
                    try
                    {
                        using (RSACryptoServiceProvider key = Open(name, RsaAndAes, NameOfProvider(RsaAndAes), number))
                        {
                            RSAParameters numbers = key.ExportParameters(false);
                            return State("present", key.CspKeyContainerInfo.ProviderName, RsaAndAes, number, key.KeySize, key.CspKeyContainerInfo.Exportable,
                                key.CspKeyContainerInfo.UniqueKeyContainerName, AccessOf(container), RsaKeys.Numbers(numbers.Modulus, numbers.Exponent));
                        }
                    }
                    catch (CryptographicException exception)
                    {
                        error = exception.HResult == unchecked((int)0x8009000D) ? 0 : exception.HResult; // NTE_NO_KEY
                    }
                }
            }
            return State(error == 0 ? "keyless" : Missing(name, error), new object[Details.Length]);
        }

        private static Fields State(string word, params object[] values)
        {
            Fields state = new Fields { { "state", word } };
            for (int place = 0; place < Details.Length; place++)
            {
                state[Details[place]] = values[place];
            }
            return state;
        }

        /// <summary>Tells what it means that a container was not opened: Windows says of one that may not be read that it is not there.</summary>
        private static string Missing(string name, int error)
        {
            switch (unchecked((uint)error))
            {
                case 0x80090016: // NTE_BAD_KEYSET
                case 0x80090019: // NTE_KEYSET_NOT_DEF
                case 0x80070002: // ERROR_FILE_NOT_FOUND
                case 2:
                    return File.Exists(KeyFile(name)) || Names().Contains(name, StringComparer.OrdinalIgnoreCase) ? "denied" : "absent";
                case 0x8009000F: // NTE_EXISTS
                case 0x80090010: // NTE_PERM
                case 0x80070005: // ERROR_ACCESS_DENIED
                case 5:
                    return "denied";
            }
            throw NodeError.Of(error, "the key container cannot be opened");
        }

        /// <summary>Answers the file in which Windows keeps the keys of a container.</summary>
        private static string KeyFile(string name)
        {
            if (CryptoConfig.AllowOnlyFipsAlgorithms) // .NET Framework then refuses MD5
            {
                return null;
            }
            using (MD5 md5 = MD5.Create())
            {
                byte[] hash = md5.ComputeHash(Encoding.Default.GetBytes(name.ToLowerInvariant() + "\0"));
                string words = string.Concat(Enumerable.Range(0, 4).Select(word => BitConverter.ToUInt32(hash, 4 * word).ToString("x8")));
                string folder = Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData);
                return folder + @"\Microsoft\Crypto\RSA\MachineKeys\" + words + "_" + Machine.Value(@"SOFTWARE\Microsoft\Cryptography", "MachineGuid");
            }
        }

        private static List<string> Names()
        {
            List<string> names = new List<string>();
            Handle provider;
            NodeError.Require(Acquire(null, WithoutContainer, out provider), "the key containers cannot be listed");
            using (provider)
            {
                StringBuilder name = new StringBuilder(LongestName);
                for (uint flags = First | OfMachine; ;)
                {
                    int length = LongestName;
                    if (CryptGetProvParam(provider, ContainerNames, name, ref length, flags))
                    {
                        names.Add(name.ToString());
                        flags = flags & OfMachine | Next;
                    }
                    else if (flags == (First | OfMachine) && Marshal.GetLastWin32Error() != NoMoreItems)
                    {
                        flags = First; // Windows goes by the handle and may refuse the flag, without which Wine lists the account's own
                    }
                    else
                    {
                        NodeError.Require(Marshal.GetLastWin32Error() == NoMoreItems, "the key containers cannot be listed");
                        return names;
                    }
                }
            }
        }

        private static string AccessOf(Handle container)
        {
            int length = 0;
            CryptGetProvParam(container, Access, (byte[])null, ref length, Discretionary);
            byte[] descriptor = new byte[length];
            NodeError.Require(CryptGetProvParam(container, Access, descriptor, ref length, Discretionary), "the access of the key container cannot be read");
            return KeyAccess.Canonical(new RawSecurityDescriptor(descriptor, 0));
        }

        private static int Acquire(string container, uint flags, out Handle handle)
        {
            return NodeError.Last(CryptAcquireContext(out handle, container, NameOfProvider(RsaAndAes), RsaAndAes, OfMachine | Silent | flags));
        }

        /// <summary>What is shown and kept of a container; a blob is a private key.</summary>
        private sealed class Held
        {
            public object PublicKey;
            public string Sddl;
            public bool? IsExportable;
            public long? Number;
            public byte[] Blob;

            public Held(byte[] kept)
            {
                Arguments held = Kept.Open(kept);
                if (held != null)
                {
                    PublicKey = held.Value("public_key");
                    Sddl = held.OptionalText("sddl");
                    IsExportable = held.OptionalFlag("exportable");
                    Number = held.OptionalWhole("key_number");
                    Blob = held.Value("key") == null ? null : held.Bytes("key");
                }
            }

            public string Key
            {
                get { return PublicKey == null ? null : RsaKeys.Text(new Arguments(PublicKey)); }
            }

            public bool Has(string sddl)
            {
                return Sddl != null && sddl != null ? KeyAccess.Same(Sddl, sddl) : Sddl == sddl;
            }

            public byte[] ToBytes()
            {
                return Kept.Of(new Fields
                {
                    { "public_key", PublicKey }, { "sddl", Sddl }, { "exportable", IsExportable }, { "key_number", Number }, { "key", Blob == null ? null : Convert.ToBase64String(Blob) }
                });
            }
        }

        private sealed class Container : Change
        {
            private readonly string name;

            public Container(Arguments arguments) : base("container", arguments, "name")
            {
                name = arguments.Text("name");
                if (name.Length == 0 || name.Contains('\\')) // none at all would mean the account's own container
                {
                    throw Arguments.Wrong();
                }
            }

            public override byte[] Show()
            {
                Fields state = Look(name);
                if ((string)state["state"] == "denied")
                {
                    throw new NodeError("access_denied", "the key container exists, and this account may not open it");
                }
                state["key"] = null;
                return (string)state["state"] == "absent" ? null : Kept.Of(state);
            }

            public override bool Same(byte[] shown, byte[] kept)
            {
                Held now = new Held(shown), then = new Held(kept);
                return (shown == null) == (kept == null) && now.Key == then.Key && now.Number == then.Number && now.IsExportable == then.IsExportable && now.Has(then.Sddl);
            }

            /// <summary>Tells whether a crash on the way from one state to another can have left what is shown: a container without a key, or half of each.</summary>
            public override bool IsBetween(byte[] shown, byte[] before, byte[] after)
            {
                Held now = new Held(shown), from = new Held(before), to = new Held(after);
                return now.Key == null
                    ? shown != null || from.Number != to.Number
                    : (now.Key == from.Key || now.Key == to.Key) && (now.Has(from.Sddl) || now.Has(to.Sddl));
            }

            public override byte[] WhatToKeep(byte[] shown, byte[] known)
            {
                Held held = new Held(shown), other = new Held(known);
                held.Blob = held.IsExportable == true ? Exported((int)held.Number) : held.Key == other.Key ? other.Blob : null;
                return shown == null ? null : held.ToBytes();
            }

            public override bool MayPut(byte[] kept)
            {
                Held then = new Held(kept);
                return then.Key == null || then.Blob != null || then.Key == new Held(Show()).Key;
            }

            public override void Put(byte[] kept)
            {
                Held now = new Held(Show()), then = new Held(kept);
                bool stays = now.Key == then.Key && (then.Blob == null || (now.Number == then.Number && now.IsExportable == then.IsExportable));
                if (!stays && then.Key != null && then.Blob == null)
                {
                    throw new NodeError("irreversible", "the key that the container shall hold is not known any more");
                }
                if (then.Key == null || (now.Key != null && !stays && now.Number != then.Number))
                {
                    Handle none;
                    int error = Acquire(name, Delete, out none);
                    none.SetHandleAsInvalid();
                    NodeError.Require(error == 0 || Missing(name, error) == "absent" ? 0 : error, "the key container cannot be deleted");
                }
                if (kept != null)
                {
                    Fill(then, stays);
                    Journal.Clear(then.Blob);
                }
            }

            /// <summary>Answers the private key of the container, which is exportable.</summary>
            public byte[] Exported(int number)
            {
                using (RSACryptoServiceProvider key = Open(name, RsaAndAes, NameOfProvider(RsaAndAes), number))
                {
                    return key.ExportCspBlob(true);
                }
            }

            /// <summary>Makes the container where there is none. Its access is right before the key comes, which takes the place of another in one step.</summary>
            private void Fill(Held then, bool stays)
            {
                Handle container;
                int error = Acquire(name, 0, out container);
                NodeError.Require(error == 0 || Missing(name, error) != "absent" ? error : Acquire(name, New, out container), "the key container cannot be made or opened");
                using (container)
                {
                    if (then.Key != null)
                    {
                        SetAccess(container, then.Sddl);
                    }
                    if (then.Key != null && !stays)
                    {
                        IntPtr key;
                        then.Blob[5] = (byte)(then.Number == ForSignatures ? 0x24 : 0xA4); // of CALG_RSA_SIGN and CALG_RSA_KEYX
                        NodeError.Require(CryptImportKey(container, then.Blob, then.Blob.Length, IntPtr.Zero, then.IsExportable == true ? 1u : 0u, out key), "the private key cannot be imported");
                        CryptDestroyKey(key);
                        SetAccess(container, then.Sddl); // in case the key came with a new file
                    }
                }
            }

            private static void SetAccess(Handle container, string sddl)
            {
                NodeError.Require(CryptSetProvParam(container, Access, KeyAccess.Descriptor(sddl), Discretionary), "the access of the key container cannot be changed");
            }
        }

        private sealed class Handle : SafeHandleZeroOrMinusOneIsInvalid
        {
            private Handle() : base(true)
            {
            }

            protected override bool ReleaseHandle()
            {
                return CryptReleaseContext(handle, 0);
            }
        }

        [DllImport("advapi32.dll", EntryPoint = "CryptAcquireContextW", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool CryptAcquireContext(out Handle handle, string container, string provider, int type, uint flags);

        [DllImport("advapi32.dll")]
        private static extern bool CryptReleaseContext(IntPtr handle, uint flags);

        [DllImport("advapi32.dll", SetLastError = true)]
        private static extern bool CryptGetProvParam(Handle handle, uint what, byte[] data, ref int length, uint flags);

        [DllImport("advapi32.dll", CharSet = CharSet.Ansi, SetLastError = true)]
        private static extern bool CryptGetProvParam(Handle handle, uint what, StringBuilder text, ref int length, uint flags);

        [DllImport("advapi32.dll", SetLastError = true)]
        private static extern bool CryptSetProvParam(Handle handle, uint what, byte[] data, uint flags);

        [DllImport("advapi32.dll", SetLastError = true)]
        private static extern bool CryptImportKey(Handle handle, byte[] data, int length, IntPtr sender, uint flags, out IntPtr key);

        [DllImport("advapi32.dll")]
        private static extern bool CryptDestroyKey(IntPtr key);
    }
}
