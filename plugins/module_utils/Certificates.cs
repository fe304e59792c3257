using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Win32.SafeHandles;

namespace Keydeploy
{
    /// <summary>Certificates in the stores of LocalMachine, and their links to machine-wide keys.</summary>
    /// <remarks>What is kept of one is the element that Windows itself makes of it with all its properties, behind a byte that tells whether to prove its key.</remarks>
    public static class Certificates
    {
        private const string Rsa = "1.2.840.113549.1.1.1";
        private const string EllipticCurve = "1.2.840.10045.2.1";
        private const uint Encoding = 1; // X509_ASN_ENCODING
        private const int RsaPublicKeyBlob = 19;
        private const uint LinkProperty = 2;
        private const uint FriendlyNameProperty = 11;
        private const uint LocalMachine = 0x20000;
        private const uint ReadOnly = 0x8000;
        private const uint OpenExisting = 0x4000;
        private const uint ReplaceExisting = 3;
        private const int FileNotFound = 2;
        private const int MachineKeySet = 0x20;
        private const int Discretionary = 4;

        public static object List(Arguments arguments)
        {
            string store = arguments.Text("store");
            List<object> prove = arguments.List("prove");
            SortedDictionary<string, object> found = new SortedDictionary<string, object>(StringComparer.Ordinal);
            using (Store opened = Open(store, ReadOnly | OpenExisting))
            {
                IntPtr context = IntPtr.Zero;
                while (opened != null && (context = CertEnumCertificatesInStore(opened, context)) != IntPtr.Zero)
                {
                    X509Certificate2 certificate = new X509Certificate2(context);
                    found[certificate.Thumbprint] = Described(context, certificate, prove.Contains(certificate.Thumbprint));
                    certificate.Reset();
                }
            }
            return new Dictionary<string, object> { { "store", store }, { "certificates", found.Values } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Place place = new Place(arguments);
            Arguments before = arguments.OptionalObject("before");
            Arguments after = arguments.OptionalObject("after");
            if (after != null)
            {
                place.Check(after);
            }
            return new Staging
            {
                Change = place,
                Early = arguments.Flag("early"),
                IsAsObserved = shown => before == null ? shown == null : shown != null && IsAsObserved(shown, before),
                Before = shown => shown,
                After = shown => after == null ? null : Made(shown, after)
            };
        }

        public static Change Of(Arguments target)
        {
            return new Place(target);
        }

        private static object Described(IntPtr context, X509Certificate2 certificate, bool prove)
        {
            Link link = LinkOf(context);
            string algorithm = certificate.GetKeyAlgorithm();
            return new Dictionary<string, object>
            {
                { "thumbprint", certificate.Thumbprint },
                { "subject", certificate.Subject },
                { "issuer", certificate.Issuer },
                { "not_before", Clock.Text(certificate.NotBefore.ToUniversalTime()) },
                { "not_after", Clock.Text(certificate.NotAfter.ToUniversalTime()) },
                { "algorithm", algorithm == Rsa ? "RSA" : algorithm == EllipticCurve ? "EC" : algorithm },
                { "friendly_name", FriendlyName(certificate) },
                { "key", link == null ? null : Described(link, certificate, prove && (link.Flags & MachineKeySet) != 0) }
            };
        }

        private static object Described(Link link, X509Certificate2 certificate, bool prove)
        {
            string sddl = null;
            bool? usable = null;
            if (prove)
            {
                usable = link.ProviderType == 0 ? ProvesOfStorageProvider(link, certificate, out sddl) : Proves(link, certificate);
                sddl = link.ProviderType == 0 ? sddl : (string)Containers.Look(link.Container)["sddl"];
            }
            return new Dictionary<string, object>
            {
                { "container", link.Container ?? "" },
                { "provider", link.Provider ?? "" },
                { "provider_type", link.ProviderType },
                { "key_number", link.KeyNumber },
                { "machine", (link.Flags & MachineKeySet) != 0 },
                { "usable", usable },
                { "sddl", sddl }
            };
        }

        /// <summary>Tells by a signature whether the linked key is the certificate's, and may be used.</summary>
        private static bool Proves(Link link, X509Certificate2 certificate)
        {
            try
            {
                using (RSACryptoServiceProvider key = Containers.Open(link.Container, link.ProviderType, link.Provider, link.KeyNumber))
                {
                    return certificate.GetKeyAlgorithm() == Rsa && RsaKeys.Proves(key, PublicKey(certificate));
                }
            }
            catch (CryptographicException)
            {
                return false;
            }
        }

        /// <summary>The same for a key that CryptoAPI does not know, but CNG does.</summary>
        private static bool ProvesOfStorageProvider(Link link, X509Certificate2 certificate, out string sddl)
        {
            sddl = null;
            byte[] hash = SHA256.Create().ComputeHash(Guid.NewGuid().ToByteArray());
            try
            {
                using (CngKey key = CngKey.Open(link.Container, new CngProvider(link.Provider), CngKeyOpenOptions.MachineKey | CngKeyOpenOptions.Silent))
                {
                    byte[] access = key.GetProperty("Security Descr", (CngPropertyOptions)Discretionary).GetValue();
                    sddl = KeyAccess.Canonical(new RawSecurityDescriptor(access, 0));
                    if (certificate.GetKeyAlgorithm() == Rsa)
                    {
                        using (RSACryptoServiceProvider other = new RSACryptoServiceProvider())
                        {
                            other.ImportCspBlob(PublicKey(certificate));
                            return other.VerifyHash(hash, "SHA256", Signed(key, hash));
                        }
                    }
                    // The blob is 8 bytes and the point; in the certificate one byte stands before the point.
                    byte[] point = key.Export(CngKeyBlobFormat.EccPublicBlob);
                    using (CngKey publicKey = CngKey.Import(point, CngKeyBlobFormat.EccPublicBlob))
                    using (ECDsaCng signer = new ECDsaCng(key))
                    using (ECDsaCng other = new ECDsaCng(publicKey))
                    {
                        return point.Skip(8).SequenceEqual(certificate.GetPublicKey().Skip(1)) && other.VerifyHash(hash, signer.SignHash(hash));
                    }
                }
            }
            catch (CryptographicException)
            {
                return false;
            }
        }

        /// <summary>Answers the RSA key of a certificate as a blob of CryptoAPI's.</summary>
        private static byte[] PublicKey(X509Certificate2 certificate)
        {
            byte[] der = certificate.GetPublicKey();
            int length = 0;
            CryptDecodeObject(Encoding, (IntPtr)RsaPublicKeyBlob, der, der.Length, 0, null, ref length);
            byte[] blob = new byte[length];
            Require(CryptDecodeObject(Encoding, (IntPtr)RsaPublicKeyBlob, der, der.Length, 0, blob, ref length), "the certificate's key cannot be read");
            return blob;
        }

        private static byte[] Signed(CngKey key, byte[] hash)
        {
            const int Pkcs1 = 2;
            string algorithm = "SHA256";
            byte[] signature = new byte[key.KeySize / 8];
            int length;
            int error = NCryptSignHash(key.Handle, ref algorithm, hash, hash.Length, signature, signature.Length, out length, Pkcs1);
            if (error != 0)
            {
                throw new CryptographicException(error);
            }
            return signature;
        }

        private static string FriendlyName(X509Certificate2 certificate)
        {
            return certificate.FriendlyName.Length == 0 ? null : certificate.FriendlyName;
        }

        private static Link LinkOf(IntPtr context)
        {
            int length = 0;
            if (!CertGetCertificateContextProperty(context, LinkProperty, IntPtr.Zero, ref length))
            {
                return null;
            }
            IntPtr data = Marshal.AllocHGlobal(length);
            try
            {
                return CertGetCertificateContextProperty(context, LinkProperty, data, ref length) ? (Link)Marshal.PtrToStructure(data, typeof(Link)) : null;
            }
            finally
            {
                Marshal.FreeHGlobal(data);
            }
        }

        private static bool IsAsObserved(byte[] shown, Arguments before)
        {
            return With(shown, delegate(IntPtr context, X509Certificate2 certificate)
            {
                Link link = LinkOf(context);
                return (link == null ? null : link.Container) == before.OptionalText("container") && FriendlyName(certificate) == before.OptionalText("friendly_name");
            });
        }

        /// <summary>Answers the element to put: the certificate of the request with the properties that are there already.</summary>
        private static byte[] Made(byte[] shown, Arguments after)
        {
            byte[] der = after.Bytes("der");
            string container = after.OptionalText("container");
            string name = after.OptionalText("friendly_name") ?? "";
            using (Context context = shown == null ? CertCreateCertificateContext(Encoding, der, der.Length) : Opened(shown))
            {
                Link link = container == null ? null : new Link
                {
                    Container = container,
                    ProviderType = (int)after.Whole("provider_type"),
                    Provider = Containers.NameOfProvider(after.Whole("provider_type")),
                    Flags = MachineKeySet,
                    ParameterCount = 0,
                    Parameters = IntPtr.Zero,
                    KeyNumber = 1
                };
                Require(CertSetCertificateContextProperty(context, LinkProperty, 0, link), "the certificate cannot be linked to its key");
                GCHandle text = GCHandle.Alloc(System.Text.Encoding.Unicode.GetBytes(name + "\0"), GCHandleType.Pinned);
                Blob blob = name.Length == 0 ? null : new Blob { Length = 2 * name.Length + 2, Data = text.AddrOfPinnedObject() };
                bool named = CertSetCertificateContextProperty(context, FriendlyNameProperty, 0, blob);
                text.Free();
                Require(named, "the certificate cannot be named");
                return Element(context, container == null ? (byte)0 : (byte)1);
            }
        }

        private static byte[] Element(Context context, byte prove)
        {
            int length = 0;
            CertSerializeCertificateStoreElement(context, 0, null, ref length);
            byte[] element = new byte[length];
            Require(CertSerializeCertificateStoreElement(context, 0, element, ref length), "the certificate cannot be kept");
            return new[] { prove }.Concat(element).ToArray();
        }

        private static Context Opened(byte[] kept)
        {
            Context context;
            byte[] element = kept.Skip(1).ToArray();
            Require(CertAddSerializedElementToStore(IntPtr.Zero, element, element.Length, 4, 0, 2, IntPtr.Zero, out context), "the certificate that was kept is damaged");
            return context;
        }

        private static T With<T>(byte[] kept, Func<IntPtr, X509Certificate2, T> work)
        {
            using (Context context = Opened(kept))
            {
                return With(context, work);
            }
        }

        private static T With<T>(Context context, Func<IntPtr, X509Certificate2, T> work)
        {
            X509Certificate2 certificate = new X509Certificate2(context.DangerousGetHandle());
            try
            {
                return work(context.DangerousGetHandle(), certificate);
            }
            finally
            {
                certificate.Reset();
            }
        }

        /// <summary>Opens a store; null when there is none.</summary>
        private static Store Open(string name, uint flags)
        {
            Store store = CertOpenStore((IntPtr)10, 0, IntPtr.Zero, LocalMachine | flags, name);
            if (!store.IsInvalid)
            {
                return store;
            }
            int error = Marshal.GetLastWin32Error();
            if (error == FileNotFound)
            {
                return null;
            }
            throw NodeError.Of(error, "the certificate store cannot be opened");
        }

        private static void Require(bool done, string what)
        {
            if (!done)
            {
                throw NodeError.Of(Marshal.GetLastWin32Error(), what);
            }
        }

        private sealed class Place : Change
        {
            private readonly string store;
            private readonly string thumbprint;

            public Place(Arguments arguments)
            {
                store = arguments.Text("store");
                thumbprint = arguments.Text("thumbprint").ToUpperInvariant();
                if (thumbprint.Length != 40 || !thumbprint.All(Uri.IsHexDigit))
                {
                    throw Arguments.Wrong();
                }
            }

            public override string Noun
            {
                get { return "certificate"; }
            }

            public override Dictionary<string, object> Target
            {
                get { return new Dictionary<string, object> { { "store", store }, { "thumbprint", thumbprint } }; }
            }

            /// <summary>Refuses a certificate that does not belong here.</summary>
            public void Check(Arguments after)
            {
                byte[] der = after.Bytes("der");
                using (Context context = CertCreateCertificateContext(Encoding, der, der.Length))
                {
                    if (context.IsInvalid || With(context, (handle, certificate) => certificate.Thumbprint) != thumbprint)
                    {
                        throw new NodeError("key", "the certificate is damaged, or another one than its thumbprint says");
                    }
                    if (after.Value("container") != null)
                    {
                        Containers.NameOfProvider(after.Whole("provider_type"));
                        if (With(context, (handle, certificate) => certificate.GetKeyAlgorithm()) != Rsa)
                        {
                            throw new NodeError("unsupported", "the certificate's key is no RSA key; .NET Framework code that asks for PrivateKey could not use it");
                        }
                    }
                    bool selfSigned = CryptVerifyCertificateSignatureEx(IntPtr.Zero, Encoding, 2, context, 2, context, 0, IntPtr.Zero);
                    if (store != "My" && selfSigned != (store == "Root"))
                    {
                        throw new NodeError("key", "Root takes self-signed certificates alone, and CA none of them");
                    }
                }
            }

            public override byte[] Show()
            {
                using (Store opened = Open(store, ReadOnly | OpenExisting))
                {
                    if (opened == null)
                    {
                        return null;
                    }
                    using (Context context = Find(opened))
                    {
                        return context.IsInvalid ? null : Element(context, 0);
                    }
                }
            }

            public override bool Same(byte[] shown, byte[] kept)
            {
                return shown == null || kept == null ? shown == kept : With(shown, Text) == With(kept, Text);
            }

            public override void Put(byte[] kept)
            {
                using (Store opened = Open(store, 0))
                {
                    if (kept == null)
                    {
                        Context context = Find(opened);
                        Require(context.IsInvalid || CertDeleteCertificateFromStore(context), "the certificate cannot be removed");
                        context.SetHandleAsInvalid(); // deleting frees it
                    }
                    else
                    {
                        Add(opened, kept);
                    }
                    CertControlStore(opened, 1, 3, IntPtr.Zero); // Windows has written it already, Wine has not
                }
            }

            private static void Add(Store opened, byte[] kept)
            {
                using (Context context = Opened(kept))
                {
                    if (kept[0] != 0 && !With(context, (handle, certificate) => Proves(LinkOf(handle), certificate)))
                    {
                        throw new NodeError("key", "the key in the container is not the certificate's, or cannot be used");
                    }
                    Require(CertAddCertificateContextToStore(opened, context, ReplaceExisting, IntPtr.Zero), "the certificate cannot be added");
                }
            }

            private static string Text(IntPtr context, X509Certificate2 certificate)
            {
                Link link = LinkOf(context);
                return certificate.FriendlyName + (link == null ? null : "\0" + link.Container + "\0" + link.Provider + "\0" + link.ProviderType);
            }

            private Context Find(Store opened)
            {
                byte[] hash = Enumerable.Range(0, 20).Select(index => Convert.ToByte(thumbprint.Substring(2 * index, 2), 16)).ToArray();
                GCHandle pinned = GCHandle.Alloc(hash, GCHandleType.Pinned);
                try
                {
                    Blob blob = new Blob { Length = hash.Length, Data = pinned.AddrOfPinnedObject() };
                    return CertFindCertificateInStore(opened, Encoding, 0, 0x10000, blob, IntPtr.Zero); // CERT_FIND_HASH
                }
                finally
                {
                    pinned.Free();
                }
            }
        }

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        private sealed class Link // CRYPT_KEY_PROV_INFO
        {
            public string Container;
            public string Provider;
            public int ProviderType;
            public int Flags;
            public int ParameterCount;
            public IntPtr Parameters;
            public int KeyNumber;
        }

        [StructLayout(LayoutKind.Sequential)]
        private sealed class Blob
        {
            public int Length;
            public IntPtr Data;
        }

        private sealed class Store : SafeHandleZeroOrMinusOneIsInvalid
        {
            private Store() : base(true)
            {
            }

            protected override bool ReleaseHandle()
            {
                return CertCloseStore(handle, 0);
            }
        }

        private sealed class Context : SafeHandleZeroOrMinusOneIsInvalid
        {
            private Context() : base(true)
            {
            }

            protected override bool ReleaseHandle()
            {
                return CertFreeCertificateContext(handle);
            }
        }

        [DllImport("crypt32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern Store CertOpenStore(IntPtr provider, uint encoding, IntPtr unused, uint flags, string name);

        [DllImport("crypt32.dll")]
        private static extern bool CertCloseStore(IntPtr store, uint flags);

        [DllImport("crypt32.dll")]
        private static extern bool CertControlStore(Store store, uint flags, uint control, IntPtr unused);

        [DllImport("crypt32.dll")]
        private static extern IntPtr CertEnumCertificatesInStore(Store store, IntPtr previous);

        [DllImport("crypt32.dll")]
        private static extern Context CertFindCertificateInStore(Store store, uint encoding, uint flags, uint what, Blob value, IntPtr previous);

        [DllImport("crypt32.dll")]
        private static extern Context CertCreateCertificateContext(uint encoding, byte[] der, int length);

        [DllImport("crypt32.dll")]
        private static extern bool CertFreeCertificateContext(IntPtr context);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertDeleteCertificateFromStore(Context context);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertAddCertificateContextToStore(Store store, Context context, uint disposition, IntPtr unused);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertSerializeCertificateStoreElement(Context context, uint flags, byte[] element, ref int length);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertAddSerializedElementToStore(
            IntPtr store, byte[] element, int length, uint disposition, uint flags, uint types, IntPtr type, out Context context);

        [DllImport("crypt32.dll")]
        private static extern bool CertGetCertificateContextProperty(IntPtr context, uint property, IntPtr data, ref int length);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertSetCertificateContextProperty(Context context, uint property, uint flags, Link link);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertSetCertificateContextProperty(Context context, uint property, uint flags, Blob blob);

        [DllImport("crypt32.dll")]
        private static extern bool CryptVerifyCertificateSignatureEx(
            IntPtr provider, uint encoding, uint subjectType, Context subject, uint issuerType, Context issuer, uint flags, IntPtr unused);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CryptDecodeObject(uint encoding, IntPtr structure, byte[] der, int length, uint flags, byte[] blob, ref int blobLength);

        [DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
        private static extern int NCryptSignHash(
            SafeNCryptKeyHandle key, ref string padding, byte[] hash, int hashLength, byte[] signature, int signatureLength, out int length, int flags);
    }
}
