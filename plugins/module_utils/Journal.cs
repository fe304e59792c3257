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
        public static object Read()
        {
            Folder.Check();
            Lock held = Lock.Read();
            Record record = Record.Read();
            List<Record> backups = EndedRuns.Backups();
            return new Fields
            {
                { "run", record == null ? null : record.Run },
                { "phase", record == null ? null : record.Phase },
                { "confirmed", backups.Select(backup => backup.Run).LastOrDefault() },
                { "lock", held.Run },
                { "holder", held.Holder },
                { "since", held.Since },
                { "expires", held.Expires },
                { "generation", held.Generation },
                { "last", EndedRuns.Last() },
                { "backups", backups.Select(backup => new Fields { { "run", backup.Run }, { "committed", backup.Committed }, { "kept", backup.CanGoBack() } }) }
            };
        }

        public static object Acquire(string run, string holder, double lease)
        {
            Folder.Create();
            using (Folder.Hold())
            {
                if (IsOver(run))
                {
                    throw new NodeError("ended", "this run has ended on the node already");
                }
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
                return Take(held, run, holder, lease, null);
            }
        }

        /// <summary>Begins the record of a run; what it had put in place early goes back. The same request again does nothing.</summary>
        public static object Begin(string run, string request, long? generation)
        {
            using (Folder.Hold())
            {
                Require(run, generation);
                Record record = Record.Read();
                if (IsBegun(record, request))
                {
                    return Done();
                }
                if (record != null)
                {
                    RequireStaged(record);
                    Undo(record, record.Entries.Where(entry => entry.Early), false);
                }
                Folder.CreateRun(run);
                new Record { Run = run, Phase = Record.Staged, Request = request }.Write();
                return Done();
            }
        }

        /// <summary>Keeps what a place shows now and what it shall be; staging a place again replaces what was staged.</summary>
        /// <remarks>The same request again does nothing, but for what a crash has kept it from putting early.</remarks>
        public static object Stage(Arguments request, Func<Staging> parse)
        {
            string run = request.Text("run");
            using (Folder.Hold())
            {
                Record record = RecordOf(run, request.OptionalWhole("generation"));
                Staging staging = parse();
                Entry staged = record.Entries.Find(entry => entry.IsFor(staging.Change));
                if (staged != null && IsBegun(record, request.OptionalText("id")))
                {
                    if (staged.Early && record.Phase == Record.Staged)
                    {
                        Put(record, staged);
                    }
                    return Done();
                }
                RequireStaged(record);
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
            // Others may look, or find the lock taken, meanwhile.
            Clock.WaitUntil(at);
            using (Folder.Hold())
            {
                double late = (Clock.UtcNow() - at).TotalSeconds;
                if (late > grace)
                {
                    throw new NodeError("late", "the node was " + Json.Write(Math.Round(late, 1)) + " s late and did not switch");
                }
                Record record = RecordOf(run, generation);
                return record.Committed == null ? Switch(record) : Committed(record);
            }
        }

        /// <summary>Ends a run: what it replaced is kept as a backup. Done before, it is done again.</summary>
        public static object Confirm(string run, long? generation, long keep, double expire)
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
                    Lock held = Lock.Read();
                    record.Generation = held.Generation;
                    record.Keep = keep;
                    record.Expire = expire;
                    EndedRuns.Keep(record);
                    EndedRuns.Note(run, "confirmed", held.Holder);
                }
                End(run);
                return Done();
            }
        }

        /// <summary>Ends a run: what it switched goes back, but for what somebody else has changed since, which is refused unless it shall be left.</summary>
        public static object RollBack(string run, long? generation, bool leave)
        {
            Folder.Create();
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
                    Undo(record, record.Entries.Where(entry => entry.Early || record.Phase != Record.Staged), leave);
                }
                EndedRuns.Forget(run);
                // What comes of it from now on comes late.
                if (!IsOver(run))
                {
                    Lock held = Lock.Read();
                    EndedRuns.Note(run, "rolled_back", held.Run == run ? held.Holder : null);
                }
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
            places.ForEach(entry => Put(record, entry));
            foreach (Entry entry in record.Entries.Except(places))
            {
                entry.Change.Put(record.After(entry));
            }
            record.Entries.ForEach(record.NoteLeft);
            record.Phase = Record.Switched;
            record.Committed = Clock.Text(instant);
            record.Write();
            return Committed(record);
        }

        private static void Put(Record record, Entry entry)
        {
            byte[] shown = entry.Change.Show(), before = record.Before(entry), after = record.After(entry);
            if (!entry.Change.Same(shown, after))
            {
                if (!entry.Change.Same(shown, before) && !IsOnTheWay(entry.Change, shown, before, after))
                {
                    throw new NodeError("changed", "what is to be changed has changed at the last moment");
                }
                entry.Change.Put(after);
            }
            Clear(before, after);
        }

        /// <summary>Puts back what entries replaced, the last one first, as many as can be; then raises the first error.</summary>
        private static void Undo(Record record, IEnumerable<Entry> entries, bool leave)
        {
            NodeError error = null;
            if (entries.Any(entry => IsLost(entry.Change, record.Before(entry))))
            {
                throw new NodeError("irreversible", "a key was replaced that was not kept, so nothing of the run goes back");
            }
            foreach (Entry entry in entries.Reverse().OrderBy(entry => entry.Change.IsEffect))
            {
                try
                {
                    Undo(record, entry);
                }
                catch (Exception exception)
                {
                    NodeError one = NodeError.Of(exception);
                    error = error ?? (leave && one.Code == "changed" ? null : one);
                }
            }
            if (error != null)
            {
                throw error;
            }
        }

        /// <summary>Tells whether a place is no longer what it was before, and cannot be made so.</summary>
        private static bool IsLost(Change change, byte[] before)
        {
            return !change.IsEffect && !change.Same(change.Show(), before) && !change.MayPut(before);
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

        internal static object Take(Lock held, string run, string holder, double lease, string request)
        {
            DateTime now = Clock.UtcNow();
            if (!held.IsFree(now))
            {
                throw new NodeError("locked", held.Holder + " has held the node's lock since " + held.Since);
            }
            Lock taken = new Lock { Run = run, Holder = holder, Since = Clock.Text(now), Lease = lease, Generation = held.Generation + 1, Request = request };
            taken.Renew(now);
            return Acquired(taken);
        }

        private static void End(string run)
        {
            if (Record.Of(run) != null)
            {
                Record.Remove();
            }
            EndedRuns.Tidy();
            Lock held = Lock.Read();
            if (held.Run == run)
            {
                new Lock { Generation = held.Generation }.Write();
            }
        }

        /// <summary>Tells whether a run has ended, and left nothing to be done.</summary>
        internal static bool IsOver(string run)
        {
            return Record.Of(run) == null && EndedRuns.How(run) != null;
        }

        private static bool IsConfirmed(string run)
        {
            return Record.Of(run) == null && EndedRuns.How(run) == "confirmed";
        }

        private static bool IsBegun(Record record, string request)
        {
            return record != null && request != null && record.Request == request;
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
        internal static Record RecordOf(string run, long? generation)
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
            return new Fields();
        }

        internal static object Acquired(Lock held)
        {
            return new Fields { { "generation", held.Generation } };
        }

        private static object Committed(Record record)
        {
            return new Fields { { "committed", record.Committed } };
        }

        internal static void Clear(params byte[][] contents)
        {
            foreach (byte[] content in contents.Where(content => content != null))
            {
                Array.Clear(content, 0, content.Length);
            }
        }
    }
}
