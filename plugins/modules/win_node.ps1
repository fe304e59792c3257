#!powershell

# As win_node_all, for files alone.
#AnsibleRequires -CSharpUtil ..module_utils.Arguments
#AnsibleRequires -CSharpUtil ..module_utils.Change
#AnsibleRequires -CSharpUtil ..module_utils.Clock
#AnsibleRequires -CSharpUtil ..module_utils.Contract
#AnsibleRequires -CSharpUtil ..module_utils.Disk
#AnsibleRequires -CSharpUtil ..module_utils.EndedRuns
#AnsibleRequires -CSharpUtil ..module_utils.Entry
#AnsibleRequires -CSharpUtil ..module_utils.Fields
#AnsibleRequires -CSharpUtil ..module_utils.Files
#AnsibleRequires -CSharpUtil ..module_utils.Folder
#AnsibleRequires -CSharpUtil ..module_utils.Journal
#AnsibleRequires -CSharpUtil ..module_utils.Json
#AnsibleRequires -CSharpUtil ..module_utils.Lock
#AnsibleRequires -CSharpUtil ..module_utils.Machine
#AnsibleRequires -CSharpUtil ..module_utils.Node
#AnsibleRequires -CSharpUtil ..module_utils.NodeError
#AnsibleRequires -CSharpUtil ..module_utils.Protection
#AnsibleRequires -CSharpUtil ..module_utils.Record
#AnsibleRequires -CSharpUtil ..module_utils.Staging

[Keydeploy.Node]::Answer(
    $complex_args.request, $PSVersionTable.PSVersion.ToString(), $ExecutionContext.SessionState.LanguageMode.ToString())
