//! What a browser or a curious `curl` is told at `/`.

use wharfinger_core::RequestContext;

/// A short text: what this is and how to use it.
pub(super) fn text(context: &RequestContext) -> String {
    let (scheme, host) = (context.scheme(), &context.host);
    format!(
        "Wharfinger {}: a container registry that speaks the Amazon ECR API.\n\
         \n\
         On the machine that runs it:\n\
         \n\
         \x20 eval \"$(wharfinger env)\"\n\
         \x20 aws ecr create-repository --repository-name my-app\n\
         \x20 aws ecr get-login-password | docker login --username AWS --password-stdin {host}\n\
         \n\
         Elsewhere, set AWS_ENDPOINT_URL={scheme}://{host} and an access key.\n\
         \n\
         /v2/            OCI Distribution (docker, podman, skopeo, …)\n\
         /health/live    is the process alive\n\
         /health/ready   can it do its work\n",
        crate::VERSION
    )
}
