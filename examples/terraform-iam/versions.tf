terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

# Endpoint, region and keys come from the environment: eval "$(wharfinger env)".
provider "aws" {
  skip_metadata_api_check = true

  default_tags {
    tags = {
      managed-by = "terraform"
    }
  }
}
