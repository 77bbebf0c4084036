output "ci_role_arn" {
  description = "The role that workflows assume."
  value       = aws_iam_role.ci.arn
}

output "mirror_access_key_id" {
  description = "The key of the machine that mirrors; its secret is in the state."
  value       = aws_iam_access_key.mirror.id
}

output "mirror_secret_access_key" {
  description = "The secret of that key."
  value       = aws_iam_access_key.mirror.secret
  sensitive   = true
}
