<%@ WebHandler Language="C#" Class="Login" %>
using System;
using System.Web;
using System.Web.Security;

/// <summary>
/// Issues a ticket for the user that the query names. The only page an anonymous request may see, and where a
/// refused ticket leads to. Answers an identifier that is new whenever the application has restarted.
/// </summary>
public class Login : IHttpHandler
{
    static readonly string Start = Guid.NewGuid().ToString();

    public bool IsReusable { get { return true; } }

    public void ProcessRequest(HttpContext context)
    {
        string user = context.Request.QueryString["user"];
        if (!string.IsNullOrEmpty(user))
            FormsAuthentication.SetAuthCookie(user, false);
        context.Response.ContentType = "text/plain";
        context.Response.Write(Start);
    }
}
