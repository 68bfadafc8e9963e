# Applied with credentials of account 100000000001.
variable "rollcall_principal" {
  description = "Who Rollcall is: the ARN of the role or user that its discovery service runs as."
  type        = string
  default     = "arn:aws-cn:iam::100000000009:root"
}

resource "aws_iam_role" "rollcall" {
  name        = "rollcall"
  path        = "/"
  description = "Lets Rollcall read, start and stop instances and databases"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.rollcall_principal }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = { StringEquals = { "sts:ExternalId" = "x1" } }
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
      {
        Sid    = "RollcallStartsAndStops"
        Effect = "Allow"
        Action = [
          "ec2:DescribeSpotInstanceRequests",
          "ec2:StartInstances",
          "ec2:StopInstances",
          "rds:StartDBCluster",
          "rds:StartDBInstance",
          "rds:StopDBCluster",
          "rds:StopDBInstance",
        ]
        Resource = "*"
      },
    ]
  })
}
