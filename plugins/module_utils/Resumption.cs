namespace Keydeploy
{
    /// <summary>Takes over a run that was left unfinished on the node. It may hold anything, so that whoever does this knows everything.</summary>
    public static class Resumption
    {
        /// <summary>Takes the lock to end a run that left its record here; the same request again does not take it again.</summary>
        public static object Resume(Arguments operation, Arguments request)
        {
            string run = request.Text("run"), id = request.OptionalText("id");
            using (Folder.Hold())
            {
                if (Record.Of(run) == null)
                {
                    throw new NodeError("no_run", "this run left nothing unfinished on the node");
                }
                Lock held = Lock.Read();
                return id != null && held.Request == id
                    ? Journal.Acquired(held)
                    : Journal.Take(held, run, operation.Text("holder"), operation.Seconds("lease"), id);
            }
        }
    }
}
