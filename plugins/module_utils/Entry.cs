using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>One place that a run changes, and the number under which its contents lie in the run's folder.</summary>
    internal sealed class Entry
    {
        public string Noun;
        public Fields Target;
        public long Number;

        /// <summary>There was something before, and there shall be something after.</summary>
        public bool Existed, Exists;
        public bool Early;

        private Change change;

        public Change Change
        {
            get { return change ?? (change = Node.ChangeOf(Noun, new Arguments(Target))); }
        }

        public static Entry Of(object value)
        {
            Arguments entry = new Arguments(value);
            return new Entry
            {
                Noun = entry.Text("noun"),
                Target = (Fields)entry.Value("target"),
                Number = entry.Whole("number"),
                Existed = entry.Flag("existed"),
                Exists = entry.Flag("exists"),
                Early = entry.Flag("early")
            };
        }

        public bool IsFor(Change other)
        {
            return Noun == other.Noun && string.Equals(Change.Place, other.Place, StringComparison.OrdinalIgnoreCase);
        }

        public Fields ToJson()
        {
            return new Fields
            {
                { "noun", Noun }, { "target", Target }, { "number", Number }, { "existed", Existed }, { "exists", Exists }, { "early", Early }
            };
        }
    }
}
