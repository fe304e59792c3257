using System;

namespace Keydeploy
{
    /// <summary>A change, and what the request says of it. Each function is given what the place shows.</summary>
    public sealed class Staging
    {
        public Change Change;

        /// <summary>True: nothing reads the place yet, so it is put at once and not at the commit.</summary>
        public bool Early;

        /// <summary>Tells whether that is the state which the request expects.</summary>
        public Func<byte[], bool> IsAsObserved;

        /// <summary>Answers what to keep for going back: what is shown, unless told otherwise.</summary>
        public Func<byte[], byte[]> Before = shown => shown;

        /// <summary>Answers what to put at the commit.</summary>
        public Func<byte[], byte[]> After;
    }
}
