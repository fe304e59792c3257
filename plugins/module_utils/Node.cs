using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>Carries out a request, operation by operation.</summary>
    /// <remarks>Alone it knows files; the other parts of this class, NodeOf….cs, know more, for whoever sends them along.</remarks>
    public static partial class Node
    {
        /// <summary>What is done for an operation, and for the request that it is of, where that is not told below.</summary>
        private static readonly Dictionary<string, Func<Arguments, Arguments, object>> Works = new Dictionary<string, Func<Arguments, Arguments, object>>();
        private static readonly Dictionary<string, Func<Arguments, Change>> Changes = new Dictionary<string, Func<Arguments, Change>>();

        static Node()
        {
            Changes["file"] = Files.Of;
            AddKeys();
            AddIis();
            AddRuns();
        }

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
                    Fields operation = (Fields)value;
                    string name = (string)operation["do"];
                    operation.Remove("do");
                    try
                    {
                        if (stopped)
                        {
                            throw new NodeError("not_done", "an operation before this one failed");
                        }
                        results.Add(new Fields { { "ok", Perform(name, new Arguments(operation), arguments, powershell, languageMode) } });
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
            return Json.Write(new Fields { { "contract", Contract.Version }, { "results", results } });
        }

        /// <summary>Answers the change that the journal wrote down by its noun and target.</summary>
        public static Change ChangeOf(string noun, Arguments target)
        {
            Func<Arguments, Change> change;
            if (!Changes.TryGetValue(noun, out change))
            {
                throw new NodeError("unsupported", "this call does not know what is staged on the node");
            }
            return change(target);
        }

        static partial void AddKeys();

        static partial void AddIis();

        static partial void AddRuns();

        /// <summary>Lets an operation of a shape that Contract.cs explains be known, which reads something.</summary>
        private static void Read(string name, string shape, Func<Arguments, object> read)
        {
            Contract.Operations[name] = shape;
            Works[name] = (operation, request) => read(operation);
        }

        /// <summary>The same of one that stages something.</summary>
        private static void Stage(string name, string shape, Func<Arguments, Staging> stage)
        {
            Contract.Operations[name] = shape;
            Works[name] = (operation, request) => Journal.Stage(request, () => stage(operation));
        }

        private static object Perform(string name, Arguments operation, Arguments request, string powershell, string languageMode)
        {
            string run = request.Text("run");
            long? generation = request.OptionalWhole("generation");
            switch (name)
            {
                case "system.read":
                    return Machine.Read(powershell, languageMode);
                case "file.read":
                    return Files.Read(operation, request.Bytes("tag_key"));
                case "file.stage":
                    return Journal.Stage(request, () => Files.Stage(operation, request.Bytes("tag_key")));
                case "journal.read":
                    return Journal.Read();
                case "lock.acquire":
                    return Journal.Acquire(run, operation.Text("holder"), operation.Seconds("lease"));
                case "journal.begin":
                    return Journal.Begin(run, request.OptionalText("id"), generation);
                case "journal.commit":
                    return Journal.Commit(run, generation, Clock.Parse(operation.Text("at")), operation.Seconds("grace"));
                case "journal.confirm":
                    return Journal.Confirm(run, generation, operation.Whole("keep"), operation.Seconds("expire"));
                case "journal.roll_back":
                    return Journal.RollBack(run, generation, operation.Flag("leave"));
            }
            return Works[name](operation, request);
        }

        private static object Failure(Exception exception)
        {
            NodeError error = NodeError.Of(exception);
            return new Fields { { "error", new Fields { { "code", error.Code }, { "message", error.Message }, { "hresult", error.Result } } } };
        }
    }
}
