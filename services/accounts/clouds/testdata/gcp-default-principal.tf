# Applied by someone who may make roles and service accounts in the project.
resource "google_project_service" "rollcall" {
  for_each = toset(["compute.googleapis.com", "sqladmin.googleapis.com"])

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

resource "google_project_iam_member" "rollcall" {
  project = "my-project"
  role    = google_project_iam_custom_role.rollcall.id
  member  = "serviceAccount:rollcall@hub-project.iam.gserviceaccount.com"
}
