namespace Keydeploy
{
    /// <summary>The part of the node that knows IIS.</summary>
    public static partial class Node
    {
        static partial void AddIis()
        {
            Read("app_pool.list", "", AppPools.List);
            Stage("app_pool.stage", "name:text before:app_pool_settings after:app_pool_settings", AppPools.Stage);
            Changes["app_pool"] = AppPools.Of;
            Stage("app_pool.recycle", "name:text", AppPools.Recycle);
            Changes["recycle"] = AppPools.OfRecycling;
            Contract.Objects["app_pool_settings"] = "load_user_profile:flag? set_profile_environment:flag?";

            Read("binding.list", "", Bindings.List);
            Stage("binding.stage", "site:text address:text port:whole host:text before:bound_certificate? after:bound_certificate", Bindings.Stage);
            Changes["binding"] = Bindings.Of;
            Contract.Objects["bound_certificate"] = "thumbprint:text store:text";
        }
    }
}
