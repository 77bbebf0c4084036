variable "services" {
  description = "The services that have a repository of their own."
  type        = set(string)
  default     = ["user-service", "order-service"]
}

variable "partner_account" {
  description = "The account that may pull, and that images are replicated to."
  type        = string
  default     = "999888777666"
}

variable "replica_region" {
  description = "The region that images are replicated to."
  type        = string
  default     = "eu-west-1"
}
