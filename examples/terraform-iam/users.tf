resource "aws_iam_account_alias" "this" {
  account_alias = var.account_alias
}

# People: what they may do is said of their group.
resource "aws_iam_group" "developers" {
  name = "developers"
  path = "/shop/"
}

resource "aws_iam_user" "developer" {
  for_each = var.developers

  name = each.key
  path = "/shop/"

  # Keys that were made by hand go along.
  force_destroy = true

  tags = {
    team = "shop"
  }
}

resource "aws_iam_group_membership" "developers" {
  name  = "developers"
  group = aws_iam_group.developers.name
  users = [for user in aws_iam_user.developer : user.name]
}

resource "aws_iam_group_policy_attachment" "developers" {
  group      = aws_iam_group.developers.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"
}

# A machine that has to have a key.
resource "aws_iam_user" "mirror" {
  name = "mirror"
}

resource "aws_iam_access_key" "mirror" {
  user = aws_iam_user.mirror.name
}

resource "aws_iam_user_policy_attachment" "mirror" {
  user       = aws_iam_user.mirror.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
}
