using System.Collections.Generic;

namespace Keydeploy
{
    /// <summary>An object of JSON: its fields by their names.</summary>
    public sealed class Fields : Dictionary<string, object>
    {
    }
}
