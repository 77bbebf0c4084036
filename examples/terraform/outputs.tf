output "repository_urls" {
  description = "Where to push, by service."
  value       = { for name, repository in aws_ecr_repository.service : name => repository.repository_url }
}

output "registry_id" {
  description = "The account that the registry belongs to."
  value       = data.aws_caller_identity.current.account_id
}
