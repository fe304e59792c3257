<%@ WebHandler Language="C#" Class="WhoAmI" %>
using System;
using System.Web;

/// <summary>Answers the node's name and the user's, a line each. web.config keeps anonymous requests away.</summary>
public class WhoAmI : IHttpHandler
{
    public bool IsReusable { get { return true; } }

    public void ProcessRequest(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        context.Response.Write(Environment.GetEnvironmentVariable("NODE") + "\n" + context.User.Identity.Name);
    }
}
