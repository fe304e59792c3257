using System.Collections.Generic;
using System.Linq;

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

        public static Record Read()
        {
            return Folder.ReadJson(File, value => new Record
            {
                Run = value.Text("run"),
                Phase = value.Text("phase"),
                Committed = value.OptionalText("committed"),
                Entries = value.List("entries").ConvertAll(Entry.Of)
            });
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

        public Dictionary<string, object> ToJson()
        {
            return new Dictionary<string, object>
            {
                { "run", Run }, { "phase", Phase }, { "committed", Committed }, { "entries", Entries.Select(entry => entry.ToJson()) }
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
    }
}
