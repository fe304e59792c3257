namespace Keydeploy
{
    /// <summary>The half of the node that knows everything but files.</summary>
    public static partial class Node
    {
        static partial void FindChange(string noun, Arguments target, ref Change change)
        {
            switch (noun)
            {
                case "registry":
                    change = RegistryValues.Of(target);
                    break;
                case "container":
                    change = Containers.Of(target);
                    break;
                case "certificate":
                    change = Certificates.Of(target);
                    break;
                case "app_pool":
                    change = AppPools.Of(target);
                    break;
                case "recycle":
                    change = AppPools.OfRecycling(target);
                    break;
                case "binding":
                    change = Bindings.Of(target);
                    break;
            }
        }

        static partial void PerformMore(string name, Arguments operation, Arguments request, ref object answer)
        {
            switch (name)
            {
                case "registry.read":
                    answer = RegistryValues.Read(operation);
                    break;
                case "container.read":
                    answer = Containers.Read(operation);
                    break;
                case "container.list":
                    answer = Containers.List(operation);
                    break;
                case "certificate.list":
                    answer = Certificates.List(operation);
                    break;
                case "app_pool.list":
                    answer = AppPools.List(operation);
                    break;
                case "binding.list":
                    answer = Bindings.List(operation);
                    break;
                case "lock.resume":
                    answer = Resumption.Resume(operation, request);
                    break;
                case "backup.read":
                    answer = Backups.Read(operation);
                    break;
                case "backup.stage":
                    answer = Backups.Stage(operation, request);
                    break;
            }
        }

        static partial void StageMore(string name, Arguments operation, ref Staging staging)
        {
            switch (name)
            {
                case "registry.stage":
                    staging = RegistryValues.Stage(operation);
                    break;
                case "container.stage":
                    staging = Containers.Stage(operation);
                    break;
                case "certificate.stage":
                    staging = Certificates.Stage(operation);
                    break;
                case "app_pool.stage":
                    staging = AppPools.Stage(operation);
                    break;
                case "app_pool.recycle":
                    staging = AppPools.Recycle(operation);
                    break;
                case "binding.stage":
                    staging = Bindings.Stage(operation);
                    break;
            }
        }
    }
}
