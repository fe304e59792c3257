# Plays powershell.exe as WinRM starts it: the payload's lines go into Ansible's bootstrap wrapper, its output is kept.
param([string] $Bootstrap, [string] $Payload, [string] $Answer)
$block = [scriptblock]::Create([IO.File]::ReadAllText($Bootstrap))
$output = [IO.File]::ReadAllText($Payload).Split("`n") | & $block
[IO.File]::WriteAllText($Answer, ($output -join "`n"))
