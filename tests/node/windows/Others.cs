using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keydeploy;

/// <summary>What other people's tools do on a node: make key containers, and link certificates to keys.</summary>
internal static class Others
{
    private const uint Machine = 0x20, Access = 8, Discretionary = 4, LinkProperty = 2;

    /// <summary>Makes a key container with a new key, and gives it exactly the access of sddl, if any.</summary>
    public static void Make(Arguments wanted)
    {
        string name = wanted.Text("name");
        int type = (int)wanted.Whole("provider_type");
        CspProviderFlags flags = CspProviderFlags.UseMachineKeyStore | (wanted.Flag("exportable") ? 0 : CspProviderFlags.UseNonExportableKey);
        CspParameters parameters = new CspParameters(type, null, name) { KeyNumber = (int)wanted.Whole("key_number"), Flags = flags };
        using (RSACryptoServiceProvider key = new RSACryptoServiceProvider(2048, parameters))
        {
            key.ExportParameters(false);
            if (wanted.Value("key") != null)
            {
                byte[] blob = Blob(wanted.Object("key"));
                blob[5] = (byte)(parameters.KeyNumber == 2 ? 0x24 : 0xA4); // CALG_RSA_SIGN, CALG_RSA_KEYX
                key.ImportCspBlob(blob);
            }
        }
        if (wanted.OptionalText("sddl") != null)
        {
            SetAccess(name, type, wanted.Text("sddl"));
        }
    }

    /// <summary>Links a certificate in My to a key, whether or not there is one.</summary>
    public static void Link(Arguments wanted)
    {
        X509Store store = new X509Store(StoreName.My, StoreLocation.LocalMachine);
        store.Open(OpenFlags.ReadWrite);
        X509Certificate2 certificate = store.Certificates.Cast<X509Certificate2>().Single(one => one.Thumbprint == wanted.Text("thumbprint"));
        KeyLink link = new KeyLink
        {
            Container = wanted.OptionalText("container"),
            Provider = wanted.OptionalText("provider"),
            ProviderType = (int)wanted.Whole("provider_type"),
            Flags = wanted.Flag("machine") ? (int)Machine : 0,
            KeyNumber = (int)wanted.Whole("key_number")
        };
        Require(CertSetCertificateContextProperty(certificate.Handle, LinkProperty, 0, link) && CertControlStore(store.StoreHandle, 1, 3, IntPtr.Zero));
        store.Close();
    }

    private static byte[] Blob(Arguments parts)
    {
        using (RSACryptoServiceProvider key = new RSACryptoServiceProvider())
        {
            key.ImportParameters(new RSAParameters
            {
                Modulus = parts.Bytes("modulus"),
                Exponent = parts.Bytes("exponent"),
                D = parts.Bytes("d"),
                P = parts.Bytes("p"),
                Q = parts.Bytes("q"),
                DP = parts.Bytes("dp"),
                DQ = parts.Bytes("dq"),
                InverseQ = parts.Bytes("inverse_q")
            });
            return key.ExportCspBlob(true);
        }
    }

    private static void SetAccess(string name, int type, string sddl)
    {
        RawSecurityDescriptor access = sddl == "D:NO_ACCESS_CONTROL" // which Wine does not read
            ? new RawSecurityDescriptor(ControlFlags.DiscretionaryAclPresent, null, null, null, null)
            : new RawSecurityDescriptor(sddl);
        byte[] descriptor = new byte[access.BinaryLength];
        access.GetBinaryForm(descriptor, 0);
        IntPtr container;
        Require(CryptAcquireContext(out container, name, null, type, Machine));
        Require(CryptSetProvParam(container, Access, descriptor, Discretionary));
        CryptReleaseContext(container, 0);
    }

    private static void Require(bool done)
    {
        if (!done)
        {
            throw new InvalidOperationException("Windows says " + Marshal.GetLastWin32Error().ToString("x8"));
        }
    }

    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    private sealed class KeyLink // CRYPT_KEY_PROV_INFO
    {
        public string Container;
        public string Provider;
        public int ProviderType;
        public int Flags;
        public int ParameterCount;
        public IntPtr Parameters;
        public int KeyNumber;
    }

    [DllImport("advapi32.dll", EntryPoint = "CryptAcquireContextW", CharSet = CharSet.Unicode, SetLastError = true)]
    private static extern bool CryptAcquireContext(out IntPtr handle, string container, string provider, int type, uint flags);

    [DllImport("advapi32.dll")]
    private static extern bool CryptReleaseContext(IntPtr handle, uint flags);

    [DllImport("advapi32.dll", SetLastError = true)]
    private static extern bool CryptSetProvParam(IntPtr handle, uint what, byte[] data, uint flags);

    [DllImport("crypt32.dll", SetLastError = true)]
    private static extern bool CertSetCertificateContextProperty(IntPtr context, uint property, uint flags, KeyLink link);

    [DllImport("crypt32.dll", SetLastError = true)]
    private static extern bool CertControlStore(IntPtr store, uint flags, uint control, IntPtr unused);
}
