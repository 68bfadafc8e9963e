# Applied by someone who may make roles and service accounts in the project.
variable "rollcall_impersonator" {
  description = "Who Rollcall is: serviceAccount: and the email address that its discovery service runs as."
  type        = string
}

resource "google_project_service" "rollcall" {
  for_each = toset(["compute.googleapis.com", "sqladmin.googleapis.com", "iamcredentials.googleapis.com"])

  project            = "my-project"
  service            = each.value
  disable_on_destroy = false
}

resource "google_project_iam_custom_role" "rollcall" {
  project     = "my-project"
  role_id     = "rollcall"
  title       = "Rollcall"
  description = "Lets Rollcall read, start and stop instances and databases"
  permissions = [
    "cloudsql.instances.get",
    "cloudsql.instances.list",
    "compute.instances.get",
    "compute.instances.list",
    "compute.zones.list",
    "cloudsql.instances.update",
    "compute.instances.resume",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.zoneOperations.get",
    "compute.zoneOperations.list",
  ]
}

resource "google_service_account" "rollcall" {
  project      = "my-project"
  account_id   = "reader"
  display_name = "Rollcall"
}

resource "google_project_iam_member" "rollcall" {
  project = "my-project"
  role    = google_project_iam_custom_role.rollcall.id
  member  = google_service_account.rollcall.member
}

resource "google_service_account_iam_member" "rollcall" {
  service_account_id = google_service_account.rollcall.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = var.rollcall_impersonator
}
