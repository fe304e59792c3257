using System;
using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>Carries out a request, operation by operation.</summary>
    public static class Node
    {
        /// <summary>Answers the response to a request; both are JSON by schemas/node.schema.json.</summary>
        public static string Answer(string request, string powershell, string languageMode)
        {
            List<object> results = new List<object>();
            try
            {
                Arguments arguments = Contract.Check(Json.Parse(request));
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
            switch (noun)
            {
                case "file":
                    return Files.Of(target);
                case "registry":
                    return RegistryValues.Of(target);
                case "container":
                    return Containers.Of(target);
                case "certificate":
                    return Certificates.Of(target);
                case "app_pool":
                    return AppPools.Of(target);
                case "recycle":
                    return AppPools.OfRecycling(target);
                case "binding":
                    return Bindings.Of(target);
            }
            throw new NodeError("malformed", "what keydeploy left on the node names something that this version does not know");
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
                case "registry.read":
                    return RegistryValues.Read(operation);
                case "container.read":
                    return Containers.Read(operation);
                case "container.list":
                    return Containers.List(operation);
                case "certificate.list":
                    return Certificates.List(operation);
                case "app_pool.list":
                    return AppPools.List(operation);
                case "binding.list":
                    return Bindings.List(operation);
                case "journal.read":
                    return Journal.Read();
                case "lock.acquire":
                    return Journal.Acquire(run, operation.Text("holder"), operation.Seconds("lease"));
                case "lock.resume":
                    return Journal.Resume(run, operation.Text("holder"), operation.Seconds("lease"));
                case "journal.begin":
                    return Journal.Begin(run, generation);
                case "journal.commit":
                    return Journal.Commit(run, generation, Clock.Parse(operation.Text("at")), operation.Seconds("grace"));
                case "journal.confirm":
                    return Journal.Confirm(run, generation);
                case "journal.roll_back":
                    return Journal.RollBack(run, generation);
            }
            return Journal.Stage(run, generation, () => StagingOf(name, operation, request));
        }

        private static Staging StagingOf(string name, Arguments operation, Arguments request)
        {
            switch (name)
            {
                case "file.stage":
                    return Files.Stage(operation, request.Bytes("tag_key"));
                case "registry.stage":
                    return RegistryValues.Stage(operation);
                case "container.stage":
                    return Containers.Stage(operation);
                case "certificate.stage":
                    return Certificates.Stage(operation);
                case "app_pool.stage":
                    return AppPools.Stage(operation);
                case "app_pool.recycle":
                    return AppPools.Recycle(operation);
                default:
                    return Bindings.Stage(operation);
            }
        }

        private static object Failure(Exception exception)
        {
            NodeError error = exception as NodeError ?? NodeError.Unexpected(exception);
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
