using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Threading;

namespace Keydeploy
{
    /// <summary>The node's time.</summary>
    public static class Clock
    {
        public static Func<DateTime> UtcNow = Precise;
        public static Action<TimeSpan> Sleep = Thread.Sleep;

        private const string Format = "yyyy-MM-ddTHH:mm:ss.fffffffZ";
        private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);
        private static readonly Regex Instant = new Regex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|\+00:00)\z");

        /// <summary>Writes an instant in UTC with all its digits, which are 100 ns.</summary>
        public static string Text(DateTime instant)
        {
            return instant.ToString(Format, CultureInfo.InvariantCulture);
        }

        /// <summary>Reads an instant in UTC; what is none is refused as a damaged request.</summary>
        public static DateTime Parse(string text)
        {
            DateTimeOffset instant;
            if (!Instant.IsMatch(text) || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out instant))
            {
                throw Arguments.Wrong();
            }
            return instant.UtcDateTime;
        }

        /// <summary>Answers the instant <paramref name="seconds"/> after another, or the last one that there is.</summary>
        public static DateTime After(DateTime instant, double seconds)
        {
            // DateTime.AddSeconds keeps milliseconds only.
            double ticks = seconds * TimeSpan.TicksPerSecond;
            return ticks < (DateTime.MaxValue - instant).Ticks ? instant.AddTicks((long)ticks) : DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
        }

        public static void WaitUntil(DateTime instant)
        {
            for (TimeSpan left = instant - UtcNow(); left > TimeSpan.Zero; left = instant - UtcNow())
            {
                Sleep(left < LongestSleep ? left : LongestSleep);
            }
        }

        private static DateTime Precise()
        {
            long ticks;
            try
            {
                // DateTime.UtcNow of .NET Framework moves in steps of 16 ms.
                GetSystemTimePreciseAsFileTime(out ticks);
            }
            // There is no such entry before Windows 8 and Windows Server 2012.
            catch (TypeLoadException)
            {
                return DateTime.UtcNow;
            }
            return DateTime.FromFileTimeUtc(ticks);
        }

        [DllImport("kernel32.dll")]
        private static extern void GetSystemTimePreciseAsFileTime(out long ticks);
    }
}
