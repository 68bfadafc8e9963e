# Run by someone who may make roles and service accounts in the project.
set -eu
PROJECT='my-project'
# Who Rollcall is: the service account that its discovery service runs as, for
# example serviceAccount:rollcall@my-project.iam.gserviceaccount.com
: "${MEMBER:?set it to serviceAccount: and the email address that Rollcall runs as}"

gcloud services enable compute.googleapis.com sqladmin.googleapis.com --project "${PROJECT}"

gcloud iam roles create rollcall --project "${PROJECT}" \
  --title Rollcall --stage GA \
  --description 'Lets Rollcall read, start and stop instances and databases' \
  --permissions cloudsql.instances.get,cloudsql.instances.list,compute.instances.get,compute.instances.list,compute.zones.list,cloudsql.instances.update,compute.instances.resume,compute.instances.start,compute.instances.stop,compute.zoneOperations.get,compute.zoneOperations.list

gcloud projects add-iam-policy-binding "${PROJECT}" \
  --member "${MEMBER}" --role "projects/${PROJECT}/roles/rollcall" --condition None
