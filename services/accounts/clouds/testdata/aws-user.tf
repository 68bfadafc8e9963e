# Applied with credentials of account 100000000001. Make the access key by hand,
# `aws iam create-access-key --user-name rollcall`, so that no state holds its
# secret.
resource "aws_iam_user" "rollcall" {
  name = "rollcall"
}

resource "aws_iam_user_policy" "rollcall_access" {
  name = "rollcall"
  user = aws_iam_user.rollcall.name

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
