using System.Collections.Generic;
using System.Text;

namespace Keydeploy
{
    /// <summary>What is kept of a place that is no file: JSON, in bytes.</summary>
    public static class Kept
    {
        public static byte[] Of(object value)
        {
            return value == null ? null : Encoding.UTF8.GetBytes(Json.Write(value));
        }

        public static Arguments Open(byte[] kept)
        {
            return kept == null ? null : new Arguments(Json.Parse(Encoding.UTF8.GetString(kept)));
        }
    }
}
