namespace Keydeploy
{
    /// <summary>A place that does not show all that going back to it needs.</summary>
    public abstract class PartlyKept : Change
    {
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
    }
}
