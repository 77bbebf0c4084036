variable "account_alias" {
  description = "The name that stands for the account."
  type        = string
  default     = "example-shop"
}

variable "developers" {
  description = "Who works here: each has a user and is in the group of developers."
  type        = set(string)
  default     = ["ann", "ben"]
}

variable "github_repository" {
  description = "The repository on GitHub whose workflows may push."
  type        = string
  default     = "example/shop"
}
