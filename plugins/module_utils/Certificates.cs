using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Keydeploy
{
    /// <summary>Certificates in the stores of LocalMachine, and their links to machine-wide keys.</summary>
    public static class Certificates
    {
        private const string Rsa = "1.2.840.113549.1.1.1", EllipticCurve = "1.2.840.10045.2.1";
        private const uint Encoding = 1, LinkProperty = 2; // X509_ASN_ENCODING, CERT_KEY_PROV_INFO_PROP_ID
        private const int MachineKeys = 0x20, ForExchange = 1, Discretionary = 4;
        private const OpenFlags Reading = OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly;

        private static readonly string[] LinkFields = { "container", "provider", "provider_type", "flags", "key_number" };
        private static readonly string[] NameField = { "friendly_name" };

        public static object List(Arguments arguments)
        {
            string name = arguments.Text("store");
            HashSet<string> prove = new HashSet<string>(arguments.List("prove").Cast<string>(), StringComparer.OrdinalIgnoreCase);
            List<object> found = new List<object>();
            In(name, Reading, store => found.AddRange(store.Certificates.Cast<X509Certificate2>()
                .OrderBy(one => one.Thumbprint, StringComparer.Ordinal).Select(one => Described(one, prove.Contains(one.Thumbprint)))));
            return new Fields { { "store", name }, { "certificates", found } };
        }

        public static Staging Stage(Arguments arguments)
        {
            Certificate certificate = new Certificate(arguments);
            Arguments before = arguments.OptionalObject("before");
            Arguments after = arguments.OptionalObject("after");
            byte[] wanted = after == null ? null : certificate.Wanted(after);
            return new Staging
            {
                Change = certificate,
                Early = arguments.Flag("early"),
                IsAsObserved = shown => before == null || shown == null
                    ? before == null && shown == null
                    : Equals(Kept.Open(shown).Value("container"), before.Value("container")) && Equals(Kept.Open(shown).Value("friendly_name"), before.Value("friendly_name")),
                After = shown => wanted
            };
        }

        public static Change Of(Arguments target)
        {
            return new Certificate(target);
        }

        private static object Described(X509Certificate2 certificate, bool prove)
        {
            Link link = LinkOf(certificate);
            bool isOfMachine = link != null && (link.Flags & MachineKeys) != 0;
            string sddl = null;
            object usable = prove && isOfMachine ? (object)Proves(certificate, link, out sddl) : null;
            string algorithm = certificate.GetKeyAlgorithm();
            return new Fields
            {
                { "thumbprint", certificate.Thumbprint },
                { "subject", certificate.Subject },
                { "issuer", certificate.Issuer },
                { "not_before", Clock.Text(certificate.NotBefore.ToUniversalTime()) },
                { "not_after", Clock.Text(certificate.NotAfter.ToUniversalTime()) },
                { "algorithm", algorithm == Rsa ? "RSA" : algorithm == EllipticCurve ? "EC" : algorithm },
                { "friendly_name", FriendlyName(certificate) },
                { "key", link == null ? null : new Fields
                    {
                        { "container", link.Container ?? "" },
                        { "provider", link.Provider ?? "" },
                        { "provider_type", link.ProviderType },
                        { "key_number", link.KeyNumber },
                        { "machine", isOfMachine },
                        { "usable", usable },
                        { "sddl", sddl }
                    }
                }
            };
        }

        /// <summary>Tells by a signature whether the linked key is the certificate's, and may be used.</summary>
        private static bool Proves(X509Certificate2 certificate, Link link, out string sddl)
        {
            sddl = null;
            if (string.IsNullOrEmpty(link.Container)) // which would mean the account's own
            {
                return false;
            }
            try
            {
                if (link.ProviderType == 0)
                {
                    using (CngKey key = CngKey.Open(link.Container, new CngProvider(link.Provider), CngKeyOpenOptions.MachineKey | CngKeyOpenOptions.Silent))
                    {
                        sddl = KeyAccess.Canonical(new RawSecurityDescriptor(key.GetProperty("Security Descr", (CngPropertyOptions)Discretionary).GetValue(), 0));
                        return Proves(certificate, key);
                    }
                }
                sddl = (string)Containers.Look(link.Container)["sddl"];
                using (RSACryptoServiceProvider key = Containers.Open(link.Container, link.ProviderType, link.Provider, link.KeyNumber))
                {
                    return certificate.GetKeyAlgorithm() == Rsa && RsaKeys.Proves(key, PublicKey(certificate));
                }
            }
            catch (CryptographicException)
            {
                return false;
            }
            catch (NodeError) // of a container that is damaged
            {
                return false;
            }
        }

        /// <summary>The same of a key that is CNG's.</summary>
        private static bool Proves(X509Certificate2 certificate, CngKey key)
        {
            const int Pkcs1 = 2;
            byte[] hash = Guid.NewGuid().ToByteArray().Concat(Guid.NewGuid().ToByteArray()).ToArray(); // as long as one of SHA-256
            if (certificate.GetKeyAlgorithm() == Rsa)
            {
                string algorithm = "SHA256"; // a BCRYPT_PKCS1_PADDING_INFO is a pointer to it
                byte[] signature = new byte[key.KeySize / 8];
                int length;
                using (RSACryptoServiceProvider other = new RSACryptoServiceProvider())
                {
                    other.ImportCspBlob(PublicKey(certificate));
                    return NCryptSignHash(key.Handle, ref algorithm, hash, hash.Length, signature, signature.Length, out length, Pkcs1) == 0
                        && other.VerifyHash(hash, "SHA256", signature);
                }
            }
            byte[] blob = key.Export(CngKeyBlobFormat.EccPublicBlob); // 8 bytes, and the point that is behind 1 byte in the certificate
            using (CngKey publicKey = CngKey.Import(blob, CngKeyBlobFormat.EccPublicBlob))
            using (ECDsaCng signer = new ECDsaCng(key))
            using (ECDsaCng other = new ECDsaCng(publicKey))
            {
                return blob.Skip(8).SequenceEqual(certificate.GetPublicKey().Skip(1)) && other.VerifyHash(hash, signer.SignHash(hash));
            }
        }

        /// <summary>Answers the RSA key of a certificate as a blob of CryptoAPI's.</summary>
        private static byte[] PublicKey(X509Certificate2 certificate)
        {
            byte[] der = certificate.GetPublicKey(), blob = new byte[der.Length + 64];
            int length = blob.Length;
            bool done = CryptDecodeObject(Encoding, (IntPtr)19, der, der.Length, 0, blob, ref length); // RSA_CSP_PUBLICKEYBLOB
            Array.Resize(ref blob, done ? length : 0);
            return blob;
        }

        private static string FriendlyName(X509Certificate2 certificate)
        {
            return certificate.FriendlyName.Length == 0 ? null : certificate.FriendlyName;
        }

        private static Link LinkOf(X509Certificate2 certificate)
        {
            int length = 0;
            if (!CertGetCertificateContextProperty(certificate.Handle, LinkProperty, IntPtr.Zero, ref length))
            {
                return null;
            }
            IntPtr data = Marshal.AllocHGlobal(length);
            try
            {
                return CertGetCertificateContextProperty(certificate.Handle, LinkProperty, data, ref length) ? (Link)Marshal.PtrToStructure(data, typeof(Link)) : null;
            }
            finally
            {
                Marshal.FreeHGlobal(data);
            }
        }

        /// <summary>Reads a certificate with a context of its own.</summary>
        private static T With<T>(byte[] der, Func<X509Certificate2, T> work)
        {
            IntPtr context = CertCreateCertificateContext(Encoding, der, der.Length);
            if (context == IntPtr.Zero)
            {
                throw new NodeError("key", "the certificate is damaged");
            }
            X509Certificate2 certificate = new X509Certificate2(context); // from a file's bytes .NET Framework would make temporary files
            try
            {
                return work(certificate);
            }
            finally
            {
                certificate.Reset();
                CertFreeCertificateContext(context);
            }
        }

        /// <summary>Does something with a store; one that is not there is left alone where it is only to be read.</summary>
        private static void In(string name, OpenFlags how, Action<X509Store> work)
        {
            X509Store store = new X509Store(name, StoreLocation.LocalMachine);
            try
            {
                store.Open(how);
                work(store);
                if (how != Reading)
                {
                    CertControlStore(store.StoreHandle, 1, 3, IntPtr.Zero); // Windows has written already, Wine writes here
                }
            }
            catch (CryptographicException exception)
            {
                if (how != Reading || exception.HResult != unchecked((int)0x80070002))
                {
                    throw NodeError.Of(exception.HResult, "the certificate store cannot be read or changed");
                }
            }
            finally
            {
                store.Close();
            }
        }

        private sealed class Certificate : Change
        {
            private readonly string store, thumbprint;

            public Certificate(Arguments arguments) : base("certificate", arguments, "store", "thumbprint")
            {
                store = arguments.Text("store");
                Target["thumbprint"] = thumbprint = arguments.Text("thumbprint").ToUpperInvariant();
                if (!Regex.IsMatch(thumbprint, "^[0-9A-F]{40}\\z"))
                {
                    throw Arguments.Wrong();
                }
            }

            /// <summary>Answers what a request wants, in the form in which it is kept; refuses a certificate that does not belong here.</summary>
            public byte[] Wanted(Arguments after)
            {
                string container = after.OptionalText("container"), name = after.OptionalText("friendly_name");
                Link link = container == null ? null : new Link
                {
                    Container = container,
                    Provider = Containers.NameOfProvider(after.Whole("provider_type")),
                    ProviderType = (int)after.Whole("provider_type"),
                    Flags = MachineKeys,
                    KeyNumber = ForExchange
                };
                return With(after.Bytes("der"), certificate =>
                {
                    if (certificate.Thumbprint != thumbprint)
                    {
                        throw new NodeError("key", "the certificate has another thumbprint");
                    }
                    bool isSelfSigned = certificate.SubjectName.RawData.SequenceEqual(certificate.IssuerName.RawData);
                    if (store != "My" && isSelfSigned != (store == "Root"))
                    {
                        throw new NodeError("key", "Root takes self-signed certificates alone, and CA none of them");
                    }
                    if (link != null && certificate.GetKeyAlgorithm() != Rsa)
                    {
                        throw new NodeError("unsupported", "the certificate's key is no RSA key, so that .NET Framework code which asks for PrivateKey could not use it");
                    }
                    return Form(certificate, link, name == "" ? null : name, link != null);
                });
            }

            public override byte[] Show()
            {
                byte[] shown = null;
                In(store, Reading, opened =>
                {
                    X509Certificate2 certificate = Find(opened);
                    shown = certificate == null ? null : Form(certificate, LinkOf(certificate), FriendlyName(certificate), false);
                });
                return shown;
            }

            public override bool Same(byte[] shown, byte[] kept)
            {
                return shown == null || kept == null ? shown == kept : AreSame(shown, kept, LinkFields) && AreSame(shown, kept, NameField);
            }

            /// <summary>Tells whether a crash on the way from one state to another can have left what is shown: the link of the one, the name of the other.</summary>
            public override bool IsBetween(byte[] shown, byte[] before, byte[] after)
            {
                return shown != null && before != null && after != null
                    && (AreSame(shown, before, LinkFields) || AreSame(shown, after, LinkFields)) && (AreSame(shown, before, NameField) || AreSame(shown, after, NameField));
            }

            public override void Put(byte[] kept)
            {
                Arguments then = Kept.Open(kept);
                In(store, OpenFlags.ReadWrite, opened =>
                {
                    X509Certificate2 certificate = Find(opened);
                    if (then == null)
                    {
                        if (certificate != null)
                        {
                            opened.Remove(certificate);
                        }
                        return;
                    }
                    if (certificate != null)
                    {
                        SetProperties(certificate, then);
                        return;
                    }
                    With(then.Bytes("der"), made =>
                    {
                        SetProperties(made, then);
                        opened.Add(made);
                        return true;
                    });
                });
            }

            private static void SetProperties(X509Certificate2 certificate, Arguments then)
            {
                Link link = then.Value("container") == null ? null : new Link
                {
                    Container = then.Text("container"),
                    Provider = then.OptionalText("provider"),
                    ProviderType = (int)then.Whole("provider_type"),
                    Flags = (int)then.Whole("flags"),
                    ParameterCount = 0,
                    Parameters = IntPtr.Zero,
                    KeyNumber = (int)then.Whole("key_number")
                };
                string sddl;
                if (then.Flag("prove") && !Proves(certificate, link, out sddl))
                {
                    throw new NodeError("key", "the key in the container is not the certificate's, or cannot be used");
                }
                NodeError.Require(CertSetCertificateContextProperty(certificate.Handle, LinkProperty, 0, link), "the certificate cannot be linked to its key");
                certificate.FriendlyName = then.OptionalText("friendly_name") ?? "";
            }

            private X509Certificate2 Find(X509Store opened)
            {
                return opened.Certificates.Cast<X509Certificate2>().FirstOrDefault(one => one.Thumbprint == thumbprint);
            }

            private static bool AreSame(byte[] shown, byte[] kept, string[] fields)
            {
                Arguments now = Kept.Open(shown), then = Kept.Open(kept);
                return fields.All(field => Equals(now.Value(field), then.Value(field)));
            }

            private static byte[] Form(X509Certificate2 certificate, Link link, string name, bool prove)
            {
                string container = link == null ? null : link.Container ?? "";
                link = link ?? new Link();
                return Kept.Of(new Fields
                {
                    { "der", Convert.ToBase64String(certificate.RawData) },
                    { "container", container },
                    { "provider", link.Provider },
                    { "provider_type", link.ProviderType },
                    { "flags", link.Flags },
                    { "key_number", link.KeyNumber },
                    { "friendly_name", name },
                    { "prove", prove }
                });
            }
        }

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
        private sealed class Link // CRYPT_KEY_PROV_INFO
        {
            public string Container, Provider;
            public int ProviderType, Flags, ParameterCount;
            public IntPtr Parameters;
            public int KeyNumber;
        }

        [DllImport("crypt32.dll")]
        private static extern IntPtr CertCreateCertificateContext(uint encoding, byte[] der, int length);

        [DllImport("crypt32.dll")]
        private static extern bool CertFreeCertificateContext(IntPtr context);

        [DllImport("crypt32.dll")]
        private static extern bool CertGetCertificateContextProperty(IntPtr context, uint property, IntPtr data, ref int length);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CertSetCertificateContextProperty(IntPtr context, uint property, uint flags, Link link);

        [DllImport("crypt32.dll")]
        private static extern bool CertControlStore(IntPtr store, uint flags, uint control, IntPtr unused);

        [DllImport("crypt32.dll")]
        private static extern bool CryptDecodeObject(uint encoding, IntPtr structure, byte[] der, int length, uint flags, byte[] blob, ref int blobLength);

        [DllImport("ncrypt.dll", CharSet = CharSet.Unicode)]
        private static extern int NCryptSignHash(
            SafeNCryptKeyHandle key, ref string padding, byte[] hash, int hashLength, byte[] signature, int signatureLength, out int length, int flags);
    }
}
