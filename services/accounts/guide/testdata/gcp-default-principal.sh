# Run by someone who may make roles and service accounts in the project.
set -eu
PROJECT='my-project'
MEMBER='serviceAccount:rollcall@hub-project.iam.gserviceaccount.com'

gcloud services enable compute.googleapis.com sqladmin.googleapis.com --project "${PROJECT}"

gcloud iam roles create rollcall --project "${PROJECT}" \
  --title Rollcall --stage GA \
  --description 'Lets Rollcall read instances and databases' \
  --permissions cloudsql.instances.list,compute.instances.list,compute.regions.list,compute.zones.list,resourcemanager.projects.get

gcloud projects add-iam-policy-binding "${PROJECT}" \
  --member "${MEMBER}" --role "projects/${PROJECT}/roles/rollcall" --condition None
