using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Keydeploy
{
    /// <summary>What lies in keydeploy's folder is encrypted for this machine (DPAPI), so that a copy of the disk or a backup does not show it.</summary>
    public static class Protection
    {
        private const int Silent = 1;
        private const int ForTheMachine = 4;

        private static readonly byte[] Purpose = Encoding.ASCII.GetBytes("keydeploy: staged data and backups");

        private delegate bool Transformation(ref Blob content, ref Blob purpose, out Blob result);

        public static byte[] Protect(byte[] content)
        {
            return Transform(content, "what is kept cannot be encrypted", (ref Blob clear, ref Blob purpose, out Blob result) =>
                CryptProtectData(ref clear, null, ref purpose, IntPtr.Zero, IntPtr.Zero, Silent | ForTheMachine, out result));
        }

        public static byte[] Unprotect(byte[] content)
        {
            return Transform(content, "what was kept cannot be decrypted", (ref Blob hidden, ref Blob purpose, out Blob result) =>
                CryptUnprotectData(ref hidden, IntPtr.Zero, ref purpose, IntPtr.Zero, IntPtr.Zero, Silent | ForTheMachine, out result));
        }

        private static byte[] Transform(byte[] content, string what, Transformation transformation)
        {
            GCHandle pinnedContent = GCHandle.Alloc(content, GCHandleType.Pinned);
            GCHandle pinnedPurpose = GCHandle.Alloc(Purpose, GCHandleType.Pinned);
            try
            {
                Blob given = new Blob { Length = content.Length, Data = pinnedContent.AddrOfPinnedObject() };
                Blob purpose = new Blob { Length = Purpose.Length, Data = pinnedPurpose.AddrOfPinnedObject() };
                Blob result;
                NodeError.Require(transformation(ref given, ref purpose, out result), what);
                return Take(result);
            }
            finally
            {
                pinnedPurpose.Free();
                pinnedContent.Free();
            }
        }

        private static byte[] Take(Blob blob)
        {
            byte[] content = new byte[blob.Length];
            Marshal.Copy(blob.Data, content, 0, blob.Length);
            Marshal.Copy(new byte[blob.Length], 0, blob.Data, blob.Length);
            LocalFree(blob.Data);
            return content;
        }

        private struct Blob
        {
            public int Length;
            public IntPtr Data;
        }

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CryptProtectData(
            ref Blob content, string description, ref Blob purpose, IntPtr reserved, IntPtr prompt, int flags, out Blob result);

        [DllImport("crypt32.dll", SetLastError = true)]
        private static extern bool CryptUnprotectData(
            ref Blob content, IntPtr description, ref Blob purpose, IntPtr reserved, IntPtr prompt, int flags, out Blob result);

        [DllImport("kernel32.dll")]
        private static extern IntPtr LocalFree(IntPtr data);
    }
}
