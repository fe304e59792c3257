using System.Text.RegularExpressions;

namespace Keydeploy
{
    /// <summary>The half of the contract that is about more than files.</summary>
    public static partial class Contract
    {
        static partial void AddKeys()
        {
            unknown = "request";
            Operations["registry.read"] = "view:view key:text value:text";
            Operations["registry.stage"] = "view:view key:text value:text before:registry_value? after:registry_value?";
            Operations["container.read"] = "name:text";
            Operations["container.list"] = "prefix:text";
            Operations["container.stage"] = "name:text before:seen_container? after:container? previous:private_key? early:flag";
            Operations["certificate.list"] = "store:store prove:text*";
            Operations["certificate.stage"] = "store:store thumbprint:text before:seen_certificate? after:stored_certificate? early:flag";
            Operations["app_pool.list"] = "";
            Operations["app_pool.stage"] = "name:text before:app_pool_settings after:app_pool_settings";
            Operations["app_pool.recycle"] = "name:text";
            Operations["binding.list"] = "";
            Operations["binding.stage"] = "site:text address:text port:whole host:text before:bound_certificate? after:bound_certificate";
            Operations["lock.resume"] = "holder:text lease:seconds";
            Operations["backup.read"] = "run:text?";
            Operations["backup.stage"] = "run:text force:flag";
            Objects["registry_value"] = "kind:kind data:data";
            Objects["seen_container"] = "public_key:public_key sddl:text";
            Objects["public_key"] = "modulus:bytes exponent:bytes";
            Objects["container"] = "key:private_key? provider_type:whole exportable:flag sddl:text";
            Objects["private_key"] = "modulus:bytes exponent:bytes d:bytes p:bytes q:bytes dp:bytes dq:bytes inverse_q:bytes";
            Objects["seen_certificate"] = "container:text? friendly_name:text?";
            Objects["stored_certificate"] = "der:bytes container:text? provider_type:whole friendly_name:text?";
            Objects["app_pool_settings"] = "load_user_profile:flag? set_profile_environment:flag?";
            Objects["bound_certificate"] = "thumbprint:text store:text";
            Texts["store"] = new Regex(@"^(My|CA|Root)\z");
            Texts["kind"] = new Regex(@"^(string|expand_string|multi_string|dword|qword|binary|none)\z");
        }
    }
}
