using System;
using System.Collections.Generic;
using System.Linq;

namespace Keydeploy
{
    /// <summary>What confirmed runs replaced: how the node stands against it, and the way back.</summary>
    public static class Backups
    {
        public static object Read(Arguments operation)
        {
            Folder.Check();
            Record backup = Of(operation.OptionalText("run"));
            IEnumerable<Entry> places = backup == null ? new Entry[0] : backup.Entries.Where(entry => !entry.Change.IsEffect);
            return new Fields
            {
                { "run", backup == null ? null : backup.Run },
                { "committed", backup == null ? null : backup.Committed },
                { "places", places.Select(entry => Place(backup, entry)).ToList() }
            };
        }

        /// <summary>Stages the way back of all that a confirmed run changed, the last change first.</summary>
        public static object Stage(Arguments operation, Arguments request)
        {
            Journal.RecordOf(request.Text("run"), request.OptionalWhole("generation"));
            Record backup = Of(operation.Text("run"));
            if (backup == null)
            {
                throw new NodeError("no_backup", "the node has no backup of this run, or its contents are gone");
            }
            foreach (Entry entry in Enumerable.Reverse(backup.Entries))
            {
                Journal.Stage(request, () => WayBack(backup, entry, operation.Flag("force")));
            }
            return new Fields();
        }

        private static Staging WayBack(Record backup, Entry entry, bool force)
        {
            Change change = entry.Change;
            byte[] before = backup.Before(entry);
            if (!change.MayPut(before))
            {
                throw new NodeError("irreversible", "a key that was there before was not kept and cannot be put back");
            }
            return new Staging
            {
                Change = change,
                IsAsObserved = shown => force || change.IsEffect || change.Same(shown, before) || IsAsLeft(backup, entry, shown),
                Before = shown => change.WhatToKeep(shown, before),
                After = shown => before
            };
        }

        /// <summary>Answers what a run replaced, or the one that was confirmed last where none is named; null where it is not kept.</summary>
        private static Record Of(string run)
        {
            Record backup = EndedRuns.Backups().LastOrDefault(one => run == null || one.Run == run);
            return backup != null && backup.CanGoBack() ? backup : null;
        }

        private static object Place(Record backup, Entry entry)
        {
            return new Fields
            {
                { "noun", entry.Noun },
                { "place", string.Join(" ", entry.Target.Values.Where(value => value is string || value is long)) },
                { "state", State(backup, entry) }
            };
        }

        private static string State(Record backup, Entry entry)
        {
            byte[] shown = entry.Change.Show(), before = backup.Before(entry);
            if (entry.Change.Same(shown, before))
            {
                return "as_before";
            }
            return !entry.Change.MayPut(before) ? "irreversible" : IsAsLeft(backup, entry, shown) ? "as_left" : "changed";
        }

        private static bool IsAsLeft(Record backup, Entry entry, byte[] shown)
        {
            return Folder.Kept(backup.Run, entry.Number + ".left").SequenceEqual(Record.Digest(shown));
        }
    }
}
