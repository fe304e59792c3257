using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>Who may change the node.</summary>
    internal sealed class Lock
    {
        private const string File = "lock.json";

        public string Run, Holder, Since, Expires;
        public double Lease;
        public long Generation;

        /// <summary>The request that took it over, or null.</summary>
        public string Request;

        public static Lock Read()
        {
            return Folder.ReadJson(File, value => new Lock
            {
                Run = value.OptionalText("run"),
                Holder = value.OptionalText("holder"),
                Since = value.OptionalText("since"),
                Expires = value.OptionalText("expires"),
                Lease = value.Seconds("lease"),
                Generation = value.Whole("generation"),
                Request = value.OptionalText("request")
            }) ?? new Lock();
        }

        public bool IsFree(DateTime now)
        {
            // A crash came between its end and the release.
            return Run == null || Clock.Parse(Expires) <= now || Journal.IsOver(Run);
        }

        /// <summary>Lets the lease begin anew at an instant.</summary>
        public void Renew(DateTime instant)
        {
            Expires = Clock.Text(Clock.After(instant, Lease));
            Write();
        }

        public void Write()
        {
            Folder.WriteJson(File, new Fields
            {
                { "run", Run }, { "holder", Holder }, { "since", Since }, { "expires", Expires }, { "lease", Lease }, { "generation", Generation }, { "request", Request }
            });
        }
    }
}
