using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Keydeploy
{
    /// <summary>A run that has begun and not ended.</summary>
    internal sealed class Record
    {
        public const string Staged = "staged", Committing = "committing", Switched = "committed";
        private const string File = "journal.json";

        public string Run, Phase;
        public List<Entry> Entries = new List<Entry>();

        /// <summary>The instant of the switch on the node's clock, or null.</summary>
        public string Committed;

        /// <summary>The request that began it, or null.</summary>
        public string Request;

        /// <summary>Once it is confirmed: the generation of its lock, how many backups are kept until the next confirmation, and for how many seconds.</summary>
        public long Generation, Keep;
        public double Expire;

        public static Record Read()
        {
            return Folder.ReadJson(File, Of);
        }

        public static Record Of(Arguments value)
        {
            return new Record
            {
                Run = value.Text("run"),
                Phase = value.Text("phase"),
                Committed = value.OptionalText("committed"),
                Request = value.OptionalText("request"),
                Generation = value.Whole("generation"),
                Keep = value.Whole("keep"),
                Expire = value.Seconds("expire"),
                Entries = value.List("entries").ConvertAll(Entry.Of)
            };
        }

        public static Record Of(string run)
        {
            Record record = Read();
            return record != null && record.Run == run ? record : null;
        }

        public void Write()
        {
            Folder.WriteJson(File, ToJson());
        }

        /// <summary>Removes the record of whatever run there is.</summary>
        public static void Remove()
        {
            Folder.Remove(File);
        }

        public Fields ToJson()
        {
            return new Fields
            {
                { "run", Run }, { "phase", Phase }, { "committed", Committed }, { "request", Request }, { "generation", Generation },
                { "keep", Keep }, { "expire", Expire }, { "entries", Entries.Select(entry => entry.ToJson()) }
            };
        }

        public byte[] Before(Entry entry)
        {
            return entry.Existed ? Folder.Kept(Run, entry.Number + ".before") : null;
        }

        public byte[] After(Entry entry)
        {
            return entry.Exists ? Folder.Kept(Run, entry.Number + ".after") : null;
        }

        /// <summary>Keeps a digest of what a place shows after the switch, so that a later change is noticed.</summary>
        public void NoteLeft(Entry entry)
        {
            Folder.Keep(Run, entry.Number + ".left", Digest(entry.Change.Show()));
        }

        /// <summary>Tells whether all that going back needs is still there.</summary>
        public bool CanGoBack()
        {
            string[] names = Folder.NamesIn(Run);
            return Entries.All(entry => names.Contains(entry.Number + ".left") && (!entry.Existed || names.Contains(entry.Number + ".before")));
        }

        public static byte[] Digest(byte[] shown)
        {
            // By HMAC, which FIPS allows, unlike SHA256 of .NET Framework 4.5.
            return Encoding.UTF8.GetBytes(shown == null ? "nothing" : Files.Tag(shown, new byte[0]));
        }
    }
}
