namespace Keydeploy
{
    /// <summary>The part of the node that knows what earlier runs have left, which may be anything: whoever sends it sends all others, too.</summary>
    public static partial class Node
    {
        static partial void AddRuns()
        {
            Contract.Unknown = "request";
            Contract.Operations["lock.resume"] = "holder:text lease:seconds";
            Works["lock.resume"] = Resumption.Resume;
            Read("backup.read", "run:text?", Backups.Read);
            Contract.Operations["backup.stage"] = "run:text force:flag";
            Works["backup.stage"] = Backups.Stage;
        }
    }
}
