using System.Collections.Generic;
using System.Linq;

namespace Keydeploy
{
    /// <summary>A place on the node that a run changes; the journal makes it again from its noun and target.</summary>
    public abstract class Change
    {
        public readonly string Noun;

        /// <summary>What it changes; written in clear, so it holds no secret.</summary>
        public readonly Fields Target = new Fields();

        /// <summary>Makes a change of what the named fields of <paramref name="target"/> tell.</summary>
        protected Change(string noun, Arguments target, params string[] fields)
        {
            Noun = noun;
            foreach (string field in fields)
            {
                Target[field] = target.Value(field);
            }
        }

        /// <summary>What tells this place from others, without regard to case.</summary>
        public virtual string Place
        {
            get { return Json.Write(Target); }
        }

        /// <summary>Answers what is there now, in a canonical form; null: nothing. Changes nothing.</summary>
        public abstract byte[] Show();

        /// <summary>Tells whether what is <paramref name="shown"/> is what was <paramref name="kept"/>.</summary>
        public virtual bool Same(byte[] shown, byte[] kept)
        {
            return shown == null || kept == null ? shown == kept : shown.SequenceEqual(kept);
        }

        /// <summary>Makes the place what was <paramref name="kept"/>; null: nothing shall be there. Repeating it is harmless.</summary>
        public abstract void Put(byte[] kept);

        /// <summary>Answers what can be kept of what is shown; <paramref name="known"/> may hold what is not shown.</summary>
        public virtual byte[] WhatToKeep(byte[] shown, byte[] known)
        {
            return shown;
        }

        /// <summary>Tells whether what was <paramref name="kept"/> is enough to put it back.</summary>
        public virtual bool MayPut(byte[] kept)
        {
            return true;
        }

        /// <summary>Tells whether a crash in the middle of <see cref="Put"/>, on the way between the two, can have left what is shown.</summary>
        public virtual bool IsBetween(byte[] shown, byte[] before, byte[] after)
        {
            return false;
        }

        /// <summary>Removes what a crash in the middle of <see cref="Put"/> left; called before anything else when a run is taken up again.</summary>
        public virtual void Tidy()
        {
        }

        /// <summary>True: it has no state, and happens after the others, at the switch and at going back.</summary>
        public virtual bool IsEffect
        {
            get { return false; }
        }
    }
}
