using System;
using System.Collections.Generic;
using System.Linq;

namespace Keydeploy
{
    /// <summary>The lock, and the journal of the run that is unfinished on the node.</summary>
    /// <remarks>
    /// The journal is written before each step, so what it says has at least begun. A run keeps, for each place that it changes,
    /// what was there and what shall be there, until it ends: then journal.json goes first, and whatever else a crash leaves behind
    /// is removed by the next run that ends.
    /// </remarks>
    public static class Journal
    {
        private const int KeptBackups = 5;
        private const string BackupFile = "record.json";

        public static object Read()
        {
            Folder.Check();
            Lock held = Lock.Read();
            Record record = Record.Read();
            return new Dictionary<string, object>
            {
                { "run", record == null ? null : record.Run },
                { "phase", record == null ? null : record.Phase },
                { "confirmed", Backups(record).LastOrDefault() },
                { "holder", held.Holder },
                { "since", held.Since },
                { "generation", held.Generation }
            };
        }

        public static object Acquire(string run, string holder, double lease)
        {
            Folder.Create();
            using (Folder.Hold())
            {
                DateTime now = Clock.UtcNow();
                Lock held = Lock.Read();
                if (held.Run == run)
                {
                    held.Lease = lease;
                    held.Renew(now);
                    return Acquired(held);
                }
                Record record = Record.Read();
                if (record != null && record.Run != run && held.IsFree(now))
                {
                    throw new NodeError("unfinished", "run " + record.Run + " is unfinished on this node");
                }
                return Take(held, run, holder, lease, now);
            }
        }

        /// <summary>Takes the lock over to end a run that left its record here.</summary>
        public static object Resume(string run, string holder, double lease)
        {
            using (Folder.Hold())
            {
                if (Record.Of(run) == null)
                {
                    throw new NodeError("no_run", "this run left nothing unfinished on the node");
                }
                return Take(Lock.Read(), run, holder, lease, Clock.UtcNow());
            }
        }

        /// <summary>Begins the record of a run; what it had put in place early goes back.</summary>
        public static object Begin(string run, long? generation)
        {
            using (Folder.Hold())
            {
                Require(run, generation);
                Record record = Record.Read();
                if (record != null)
                {
                    RequireStaged(record);
                    Undo(record, record.Entries.Where(entry => entry.Early));
                }
                Folder.CreateRun(run);
                new Record { Run = run, Phase = Record.Staged }.Write();
                return Done();
            }
        }

        /// <summary>Keeps what a place shows now and what it shall be; staging a place again replaces what was staged.</summary>
        public static object Stage(string run, long? generation, Func<Staging> parse)
        {
            using (Folder.Hold())
            {
                Record record = RecordOf(run, generation);
                RequireStaged(record);
                Staging staging = parse();
                Entry staged = record.Entries.Find(entry => entry.IsFor(staging.Change));
                if (staged != null && staged.Early)
                {
                    Undo(record, staged);
                }
                byte[] shown = staging.Change.Show();
                if (!staging.IsAsObserved(shown))
                {
                    throw new NodeError("changed", "what is to be changed has changed since it was observed");
                }
                byte[] before = staging.Before(shown), after = staging.After(shown);
                long number = staged == null ? record.Entries.Count : staged.Number;
                record.Entries.Remove(staged);
                record.Entries.Add(new Entry
                {
                    Noun = staging.Change.Noun,
                    Target = staging.Change.Target,
                    Number = number,
                    Existed = Keep(run, number + ".before", before),
                    Exists = Keep(run, number + ".after", after),
                    Early = staging.Early
                });
                record.Write();
                if (staging.Early)
                {
                    staging.Change.Put(after);
                }
                Clear(before, after, shown);
                return Done();
            }
        }

        /// <summary>Waits for an instant of the node's own clock and switches all that is staged.</summary>
        public static object Commit(string run, long? generation, DateTime at, double grace)
        {
            using (Folder.Hold())
            {
                Record record = RecordOf(run, generation);
                if (record.Committed != null)
                {
                    return Committed(record);
                }
                DateTime now = Clock.UtcNow();
                Lock.Read().Renew(at > now ? at : now);
            }
            Clock.WaitUntil(at); // others may look, or find the lock taken, meanwhile
            using (Folder.Hold())
            {
                double late = (Clock.UtcNow() - at).TotalSeconds;
                if (late > grace)
                {
                    throw new NodeError("late", "the node was " + late.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture) + " s late and did not switch");
                }
                Record record = RecordOf(run, generation);
                return record.Committed == null ? Switch(record) : Committed(record);
            }
        }

        /// <summary>Ends a run: what it replaced is kept as a backup. Done before, it is done again.</summary>
        public static object Confirm(string run, long? generation)
        {
            using (Folder.Hold())
            {
                if (!IsConfirmed(run))
                {
                    Record record = RecordOf(run, generation);
                    if (record.Phase != Record.Switched)
                    {
                        throw new NodeError("unfinished", "this run has not switched on the node and cannot be confirmed");
                    }
                    Dictionary<string, object> backup = record.ToJson();
                    backup["generation"] = Lock.Read().Generation;
                    Folder.WriteJson(Folder.InRun(run, BackupFile), backup);
                }
                End(run);
                return Done();
            }
        }

        /// <summary>Ends a run: what it switched goes back, but for what somebody else has changed since.</summary>
        public static object RollBack(string run, long? generation)
        {
            using (Folder.Hold())
            {
                if (IsConfirmed(run))
                {
                    End(run);
                    throw new NodeError("no_run", "this run was confirmed on the node; what it switched stays");
                }
                if (Record.Of(run) != null)
                {
                    Record record = RecordOf(run, generation);
                    // Before the switch only what was put early is ours to judge.
                    Undo(record, record.Entries.Where(entry => entry.Early || record.Phase != Record.Staged));
                }
                Folder.Remove(Folder.InRun(run, BackupFile));
                End(run);
                return Done();
            }
        }

        private static object Switch(Record record)
        {
            List<Entry> places = record.Entries.Where(entry => !entry.Change.IsEffect).ToList();
            foreach (Entry entry in places)
            {
                if (record.Phase == Record.Committing)
                {
                    entry.Change.Tidy();
                }
                byte[] shown = entry.Change.Show(), before = record.Before(entry);
                bool expected = !entry.Early && entry.Change.Same(shown, before);
                // What was put early is there already; after a crash in the switch others may be, too, or halfway.
                if (!expected && (entry.Early || record.Phase == Record.Committing))
                {
                    expected = IsOnTheWay(entry.Change, shown, before, record.After(entry));
                }
                if (!expected)
                {
                    throw new NodeError("changed", "what is to be changed has changed since it was staged");
                }
            }
            record.Phase = Record.Committing;
            record.Write();
            DateTime instant = Clock.UtcNow();
            foreach (Entry entry in places)
            {
                byte[] shown = entry.Change.Show(), before = record.Before(entry), after = record.After(entry);
                if (!entry.Change.Same(shown, after))
                {
                    if (!entry.Change.Same(shown, before) && !IsOnTheWay(entry.Change, shown, before, after))
                    {
                        throw new NodeError("changed", "what is to be changed has changed during the switch");
                    }
                    entry.Change.Put(after);
                }
                Clear(before, after);
            }
            foreach (Entry entry in record.Entries.Except(places))
            {
                entry.Change.Put(record.After(entry));
            }
            record.Phase = Record.Switched;
            record.Committed = Clock.Text(instant);
            record.Write();
            return Committed(record);
        }

        /// <summary>Puts back what entries replaced, the last one first, as many as can be; then raises the first error.</summary>
        private static void Undo(Record record, IEnumerable<Entry> entries)
        {
            NodeError error = null;
            foreach (Entry entry in entries.Reverse().OrderBy(entry => entry.Change.IsEffect))
            {
                try
                {
                    Undo(record, entry);
                }
                catch (Exception one)
                {
                    error = error ?? one as NodeError ?? NodeError.Unexpected(one);
                }
            }
            if (error != null)
            {
                throw error;
            }
        }

        private static void Undo(Record record, Entry entry)
        {
            Change change = entry.Change;
            byte[] before = record.Before(entry);
            if (change.IsEffect)
            {
                change.Put(before);
                return;
            }
            change.Tidy();
            byte[] shown = change.Show();
            if (change.Same(shown, before))
            {
                return;
            }
            if (!IsOnTheWay(change, shown, before, record.After(entry)))
            {
                throw new NodeError("changed", "what this run put in place was changed by someone else since; it was left as it is");
            }
            change.Put(before);
            Clear(before, shown);
        }

        private static bool IsOnTheWay(Change change, byte[] shown, byte[] before, byte[] after)
        {
            return change.Same(shown, after) || change.IsBetween(shown, before, after);
        }

        private static bool Keep(string run, string name, byte[] content)
        {
            if (content != null)
            {
                Folder.Keep(run, name, content);
            }
            return content != null;
        }

        private static object Take(Lock held, string run, string holder, double lease, DateTime now)
        {
            if (!held.IsFree(now))
            {
                throw new NodeError("locked", held.Holder + " has held the node's lock since " + held.Since);
            }
            Lock taken = new Lock { Run = run, Holder = holder, Since = Clock.Text(now), Lease = lease, Generation = held.Generation + 1 };
            taken.Renew(now);
            return Acquired(taken);
        }

        private static void End(string run)
        {
            if (Record.Of(run) != null)
            {
                Record.Remove();
            }
            Tidy();
            Lock held = Lock.Read();
            if (held.Run == run)
            {
                new Lock { Generation = held.Generation }.Write();
            }
        }

        /// <summary>Removes what ended runs staged, and all backups but the latest.</summary>
        private static void Tidy()
        {
            Record unfinished = Record.Read();
            List<string> backups = Backups(unfinished);
            List<string> kept = backups.Skip(backups.Count - KeptBackups).ToList();
            foreach (string run in EndedRuns(unfinished))
            {
                if (kept.Contains(run))
                {
                    Folder.RemoveStaged(run);
                }
                else
                {
                    Folder.RemoveRun(run);
                }
            }
        }

        private static IEnumerable<string> EndedRuns(Record unfinished)
        {
            return Folder.RunNames().Where(run => unfinished == null || run != unfinished.Run);
        }

        /// <summary>Answers the runs that were confirmed, the latest last.</summary>
        private static List<string> Backups(Record unfinished)
        {
            var backups = EndedRuns(unfinished).Select(run => new { Run = run, Record = BackupOf(run) }).ToList();
            return backups.Where(each => each.Record != null).OrderBy(each => each.Record.Whole("generation")).Select(each => each.Run).ToList();
        }

        private static Arguments BackupOf(string run)
        {
            return Folder.ReadJson(Folder.InRun(run, BackupFile), value => value);
        }

        private static bool IsConfirmed(string run)
        {
            return Record.Of(run) == null && BackupOf(run) != null;
        }

        private static void Require(string run, long? generation)
        {
            Lock held = Lock.Read();
            if (held.Run != run || (generation != null && generation != held.Generation))
            {
                throw new NodeError("generation", "this run does not hold the node's lock, or no longer");
            }
        }

        private static void RequireStaged(Record record)
        {
            if (record.Phase != Record.Staged)
            {
                throw new NodeError("unfinished", "this run has begun to switch on the node and cannot stage any more");
            }
        }

        /// <summary>Answers the record of a run that has the lock.</summary>
        private static Record RecordOf(string run, long? generation)
        {
            Require(run, generation);
            Record record = Record.Of(run);
            if (record == null)
            {
                throw new NodeError("no_run", "this run has staged nothing on the node");
            }
            return record;
        }

        private static object Done()
        {
            return new Dictionary<string, object>();
        }

        private static object Acquired(Lock held)
        {
            return new Dictionary<string, object> { { "generation", held.Generation } };
        }

        private static object Committed(Record record)
        {
            return new Dictionary<string, object> { { "committed", record.Committed } };
        }

        private static void Clear(params byte[][] contents)
        {
            foreach (byte[] content in contents.Where(content => content != null))
            {
                Array.Clear(content, 0, content.Length);
            }
        }
    }
}
