using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>Carries out a request, operation by operation.</summary>
    /// <remarks>Alone it knows files; whoever needs more than files sends NodeOfKeys.cs, its other half, along.</remarks>
    public static partial class Node
    {
        /// <summary>Answers the response to a request; both are JSON by schemas/node.schema.json.</summary>
        public static string Answer(string request, string powershell, string languageMode)
        {
            List<object> results = new List<object>();
            try
            {
                Arguments arguments = Contract.Check(Json.Parse(request));
                if (!arguments.Flag("recorded"))
                {
                    Machine.RequireUnrecorded();
                }
                bool stopped = false;
                foreach (object value in arguments.List("operations"))
                {
                    Dictionary<string, object> operation = (Dictionary<string, object>)value;
                    string name = (string)operation["do"];
                    operation.Remove("do");
                    try
                    {
                        if (stopped)
                        {
                            throw new NodeError("not_done", "an operation before this one failed");
                        }
                        object answer = Perform(name, new Arguments(operation), arguments, powershell, languageMode);
                        results.Add(new Dictionary<string, object> { { "ok", answer } });
                    }
                    catch (Exception exception)
                    {
                        results.Add(Failure(exception));
                        stopped = stopped || !name.EndsWith(".read") && !name.EndsWith(".list");
                    }
                }
            }
            catch (Exception exception)
            {
                results.Add(Failure(exception));
            }
            return Json.Write(new Dictionary<string, object> { { "contract", Contract.Version }, { "results", results } });
        }

        /// <summary>Answers the change that the journal wrote down by its noun and target.</summary>
        public static Change ChangeOf(string noun, Arguments target)
        {
            Change change = noun == "file" ? Files.Of(target) : null;
            FindChange(noun, target, ref change);
            if (change == null)
            {
                throw new NodeError("unsupported", "this call does not know what is staged on the node");
            }
            return change;
        }

        static partial void FindChange(string noun, Arguments target, ref Change change);

        static partial void PerformMore(string name, Arguments operation, Arguments request, ref object answer);

        static partial void StageMore(string name, Arguments operation, ref Staging staging);

        private static object Perform(string name, Arguments operation, Arguments request, string powershell, string languageMode)
        {
            string run = request.Text("run"), id = request.OptionalText("id");
            long? generation = request.OptionalWhole("generation");
            switch (name)
            {
                case "system.read":
                    return Machine.Read(powershell, languageMode);
                case "file.read":
                    return Files.Read(operation, request.Bytes("tag_key"));
                case "journal.read":
                    return Journal.Read();
                case "lock.acquire":
                    return Journal.Acquire(run, operation.Text("holder"), operation.Seconds("lease"));
                case "journal.begin":
                    return Journal.Begin(run, id, generation);
                case "journal.commit":
                    return Journal.Commit(run, generation, Clock.Parse(operation.Text("at")), operation.Seconds("grace"));
                case "journal.confirm":
                    return Journal.Confirm(run, generation, operation.Whole("keep"), operation.Seconds("expire"));
                case "journal.roll_back":
                    return Journal.RollBack(run, generation, operation.Flag("leave"));
            }
            object answer = null;
            PerformMore(name, operation, request, ref answer);
            return answer ?? Journal.Stage(run, id, generation, () => StagingOf(name, operation, request));
        }

        private static Staging StagingOf(string name, Arguments operation, Arguments request)
        {
            Staging staging = name == "file.stage" ? Files.Stage(operation, request.Bytes("tag_key")) : null;
            StageMore(name, operation, ref staging);
            return staging;
        }

        private static object Failure(Exception exception)
        {
            NodeError error = NodeError.Of(exception);
            return new Dictionary<string, object>
            {
                {
                    "error", new Dictionary<string, object>
                    {
                        { "code", error.Code }, { "message", error.Message }, { "hresult", error.Result }
                    }
                }
            };
        }
    }
}
