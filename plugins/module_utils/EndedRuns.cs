using System;
using System.Collections.Generic;
using System.Linq;

namespace Keydeploy
{
    /// <summary>The runs that have ended on the node: how, and what the confirmed ones replaced.</summary>
    internal static class EndedRuns
    {
        /// <summary>Runs of which the node knows that they have ended, so that what comes late of them is refused.</summary>
        private const int Remembered = 50;
        private const string File = "ended.json", BackupFile = "record.json";

        public static object Last()
        {
            return Notes().LastOrDefault();
        }

        /// <summary>Answers how a run has ended, confirmed or rolled_back; null where it has not.</summary>
        public static string How(string run)
        {
            return Notes().Where(note => Field(note, "run") == run).Select(note => Field(note, "how")).FirstOrDefault();
        }

        /// <summary>Remembers that and how a run has ended.</summary>
        public static void Note(string run, string how, string holder)
        {
            List<object> notes = Notes().FindAll(note => Field(note, "run") != run);
            notes.Add(new Fields { { "run", run }, { "how", how }, { "at", Clock.Text(Clock.UtcNow()) }, { "holder", holder } });
            Folder.WriteJson(File, new Fields { { "runs", notes.Skip(notes.Count - Remembered) } });
        }

        /// <summary>Keeps what a run replaced.</summary>
        public static void Keep(Record record)
        {
            Folder.WriteJson(Folder.InRun(record.Run, BackupFile), record.ToJson());
        }

        /// <summary>Lets a run not be confirmed.</summary>
        public static void Forget(string run)
        {
            Folder.Remove(Folder.InRun(run, BackupFile));
        }

        /// <summary>Answers what the runs that were confirmed replaced, the latest last.</summary>
        public static List<Record> Backups()
        {
            return Names().Select(run => Folder.ReadJson(Folder.InRun(run, BackupFile), Record.Of)).Where(backup => backup != null)
                .OrderBy(backup => backup.Generation).ToList();
        }

        /// <summary>Removes what ended runs staged, and what is older than the latest backup wants; but for the record of that one, which tells that it was confirmed.</summary>
        public static void Tidy()
        {
            List<Record> backups = Backups();
            Record latest = backups.LastOrDefault();
            long others = latest == null ? 0 : Math.Max(0, backups.Count - latest.Keep);
            List<string> kept = backups.Skip((int)others).Where(backup => Clock.UtcNow() < Clock.After(Clock.Parse(backup.Committed), latest.Expire))
                .Select(backup => backup.Run).ToList();
            foreach (string run in Names())
            {
                if (kept.Contains(run))
                {
                    Folder.RemoveIn(run, name => name.EndsWith(".after"));
                }
                else if (latest != null && run == latest.Run)
                {
                    Folder.RemoveIn(run, name => !name.EndsWith(".json"));
                }
                else
                {
                    Folder.RemoveRun(run);
                }
            }
        }

        private static List<object> Notes()
        {
            Arguments ended = Folder.ReadJson(File, value => value);
            return ended == null ? new List<object>() : ended.List("runs");
        }

        private static string Field(object note, string name)
        {
            return new Arguments(note).Text(name);
        }

        private static IEnumerable<string> Names()
        {
            Record unfinished = Record.Read();
            return Folder.RunNames().Where(run => unfinished == null || run != unfinished.Run);
        }
    }
}
