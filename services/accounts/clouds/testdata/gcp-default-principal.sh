# Run by someone who may make roles and service accounts in the project.
set -eu
PROJECT='my-project'
MEMBER='serviceAccount:rollcall@hub-project.iam.gserviceaccount.com'

gcloud services enable compute.googleapis.com sqladmin.googleapis.com --project "${PROJECT}"

gcloud iam roles create rollcall --project "${PROJECT}" \
  --title Rollcall --stage GA \
  --description 'Lets Rollcall read, start and stop instances and databases' \
  --permissions cloudsql.instances.get,cloudsql.instances.list,compute.instances.get,compute.instances.list,compute.zones.list,cloudsql.instances.update,compute.instances.resume,compute.instances.start,compute.instances.stop,compute.zoneOperations.get,compute.zoneOperations.list

gcloud projects add-iam-policy-binding "${PROJECT}" \
  --member "${MEMBER}" --role "projects/${PROJECT}/roles/rollcall" --condition None
