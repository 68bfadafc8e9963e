# Applied with credentials of account 100000000001.
variable "rollcall_principal" {
  description = "Who Rollcall is: the ARN of the role or user that its discovery service runs as."
  type        = string
}

resource "aws_iam_role" "rollcall" {
  name        = "rollcall"
  path        = "/team/"
  description = "Lets Rollcall read instances and databases"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.rollcall_principal }
      Action    = ["sts:AssumeRole"]
      Condition = { StringEquals = { "sts:ExternalId" = "rollcall-ABC234" } }
    }]
  })
}

resource "aws_iam_role_policy" "rollcall_access" {
  name = "rollcall"
  role = aws_iam_role.rollcall.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RollcallReads"
        Effect = "Allow"
        Action = [
          "ec2:DescribeInstances",
          "ec2:DescribeRegions",
          "rds:DescribeDBClusters",
          "rds:DescribeDBInstances",
        ]
        Resource = "*"
      },
    ]
  })
}
