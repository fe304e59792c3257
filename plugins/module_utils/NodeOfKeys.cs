using System.Text.RegularExpressions;

namespace Keydeploy
{
    /// <summary>The part of the node that knows registry, accounts, containers and certificates.</summary>
    public static partial class Node
    {
        static partial void AddKeys()
        {
            Read("registry.read", "view:view key:text value:text", RegistryValues.Read);
            Stage("registry.stage", "view:view key:text value:text before:registry_value? after:registry_value?", RegistryValues.Stage);
            Changes["registry"] = RegistryValues.Of;
            Contract.Objects["registry_value"] = "kind:kind data:data";
            Contract.Texts["kind"] = new Regex(@"^(string|expand_string|multi_string|dword|qword|binary|none)\z");

            Read("account.read", "name:text", Accounts.Read);

            Read("container.read", "name:text", Containers.Read);
            Read("container.list", "prefix:text", Containers.List);
            Stage("container.stage", "name:text before:seen_container? after:container? previous:private_key? early:flag", Containers.Stage);
            Changes["container"] = Containers.Of;
            Contract.Objects["seen_container"] = "public_key:public_key sddl:text";
            Contract.Objects["public_key"] = "modulus:bytes exponent:bytes";
            Contract.Objects["container"] = "key:private_key? provider_type:whole exportable:flag sddl:text";
            Contract.Objects["private_key"] = "modulus:bytes exponent:bytes d:bytes p:bytes q:bytes dp:bytes dq:bytes inverse_q:bytes";

            Read("certificate.list", "store:store prove:text*", Certificates.List);
            Stage("certificate.stage", "store:store thumbprint:text before:seen_certificate? after:stored_certificate? early:flag", Certificates.Stage);
            Changes["certificate"] = Certificates.Of;
            Contract.Objects["seen_certificate"] = "container:text? friendly_name:text?";
            Contract.Objects["stored_certificate"] = "der:bytes container:text? provider_type:whole friendly_name:text?";
            Contract.Texts["store"] = new Regex(@"^(My|CA|Root)\z");
        }
    }
}
