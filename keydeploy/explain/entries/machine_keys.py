"""Machine keys that ASP.NET refuses to load."""

from keydeploy.explain.entries import checks, specs
from keydeploy.explain.model import Cause, Entry, Remedy, decisive, here, on_node, strong

_MESSAGES = "System.Web.txt (messages of .NET Framework 4.8, reference source)"
_VALIDATE = "keydeploy validate inventory.yml"
_PLACE = "the key or the algorithm, as the place of the mistake"
_LENGTHS = checks.linted("invalid-key", "key-length")
_CHECKED = Remedy(
    text="checks length by algorithm, hex digits, algorithms by mode before any contact, makes keys that fit, and "
    "refuses what ASP.NET would refuse",
    spec=specs.MACHINE_KEY,
    commands=("keydeploy generate machine-key --name vault_portal --format vault", _VALIDATE),
)

MACHINE_KEY_REFUSED = Entry(
    id="machine-key-refused",
    title="ASP.NET refuses the machineKey of a configuration file",
    meaning="the section has a key or an algorithm that this version and mode of ASP.NET does not take",
    causes=(
        Cause(
            id="validation-key-length",
            title="the validation key is too short, too long, or of an odd number of digits",
            reason="40 to 128 hex digits, an even number; more than 128 only with HMACSHA384 and HMACSHA512 (other "
            "algorithms: IndexOutOfRangeException)",
            points=(decisive("machine validation key is invalid"),),
            checks=(_LENGTHS, here(_VALIDATE, _PLACE)),
        ),
        Cause(
            id="decryption-key-length",
            title="the decryption key does not fit the algorithm",
            reason="DES takes 16 hex digits, 3DES 32 or 48, AES 32, 48 or 64",
            points=(decisive("machine decryption key is invalid"),),
            checks=(_LENGTHS, here(_VALIDATE, _PLACE)),
        ),
        Cause(
            id="not-hex",
            title="a key has characters that are no hex digits",
            reason="a placeholder that nobody replaced, a line end, or a space in the middle",
            points=(decisive("key specified has invalid hex characters"),),
            checks=(_LENGTHS, here(_VALIDATE, _PLACE)),
        ),
        Cause(
            id="algorithm-of-mode",
            title="the algorithm is not one of this mode",
            reason="Framework45, and MachineKey.Protect in any mode, take SHA1 and HMACSHA256, 384, 512 only; MD5, "
            "3DES and AES sign nothing there",
            points=(decisive("the 'validation' attribute must be one of these values"),),
            checks=(checks.linted("invalid-setting", "weak-algorithm"), here(_VALIDATE, _PLACE)),
        ),
        Cause(
            id="unknown-algorithm",
            title="the algorithm is misspelt, also in upper and lower case",
            reason="ASP.NET compares these words letter by letter",
            points=(
                decisive("the validation must be one of these values"),
                decisive("the decryption must be one of these values"),
            ),
            checks=(checks.linted("invalid-setting"), here(_VALIDATE, _PLACE)),
        ),
        Cause(
            id="older-framework",
            title="this .NET does not know an attribute, or a value",
            reason="compatibilityMode came with 3.5 SP1, Framework45, dataProtectorType and applicationName with 4.5",
            points=(
                decisive("unrecognized attribute 'compatibilitymode'"),
                decisive("unrecognized attribute 'dataprotectortype'"),
                decisive("unrecognized attribute 'applicationname'"),
            ),
            checks=(
                checks.runtime("v2.0: that is .NET 2.0 to 3.5, whatever else is installed"),
                here("keydeploy doctor inventory.yml", ".NET Framework of each node, by its release; 4.5 is 378389"),
            ),
        ),
        Cause(
            id="no-data-protector",
            title="the class named by dataProtectorType cannot be made",
            reason="the assembly is missing on this node, or the type is misspelt",
            points=(decisive("could not create an instance of the configured dataprotector type"),),
            checks=(checks.drifted('"dataProtectorType: another value → absent"'), here(_VALIDATE, _PLACE)),
        ),
    ),
    signs=(
        strong("machine validation key is invalid"),
        strong("machine decryption key is invalid"),
        strong("key specified has invalid hex characters"),
        strong("the validation must be one of these values"),
        strong("the decryption must be one of these values"),
        strong("the 'validation' attribute must be one of these values"),
        strong("could not create an instance of the configured dataprotector type"),
        strong("unrecognized attribute 'compatibilitymode'"),
        strong("unrecognized attribute 'dataprotectortype'"),
        strong("unrecognized attribute 'applicationname'"),
    ),
    remedy=_CHECKED,
    sources=(_MESSAGES, "learn.microsoft.com/dotnet/api/system.web.configuration.machinekeysection"),
)

BELOW_APPLICATION = Entry(
    id="below-application",
    title="a section that belongs to applications stands in a folder below one "
    "(allowDefinition='MachineToApplication')",
    meaning="machineKey may stand in machine.config, the root web.config, a site's or an application's root, and "
    "nowhere deeper; "
    "the same holds for authentication, sessionState and others",
    signs=(decisive("machinetoapplication"),),
    causes=(
        Cause(
            id="not-an-application",
            title="the folder should be an application in IIS, and is none",
            reason="it was copied or deployed, and nobody made it an application on this node",
            checks=(
                on_node(r'& "$env:windir\system32\inetsrv\appcmd.exe" list app', "no line with its path, on this node"),
                checks.planned('"IIS has the site but not the application; check path, or create the application"'),
            ),
        ),
        Cause(
            id="nested-file",
            title="a web.config with such a section lies in a sub-folder",
            reason="a backup, or an application published into another one's folder",
            checks=(
                checks.linted_in_folder("key-below-application"),
                on_node(
                    r"Get-ChildItem C:\inetpub\wwwroot -Recurse -Filter web.config | Select-Object FullName",
                    "more than one file",
                ),
            ),
        ),
    ),
    remedy=Remedy(
        text="writes machineKey only where it may stand, and finds such files before they are deployed",
        spec=specs.MACHINE_KEY,
        commands=(checks.LINT,),
    ),
    sources=(_MESSAGES, "machine.config: allowDefinition of the section machineKey"),
)

ENTRIES = (MACHINE_KEY_REFUSED, BELOW_APPLICATION)
