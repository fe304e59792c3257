using System.Linq;

namespace Keydeploy
{
    /// <summary>Stands in for DPAPI where there is no Windows: hides what is kept from a search, and from nobody else.</summary>
    public static class Protection
    {
        public static byte[] Protect(byte[] content)
        {
            return content.Select(value => (byte)(value ^ 0xA5)).ToArray();
        }

        public static byte[] Unprotect(byte[] content)
        {
            return Protect(content);
        }
    }
}
