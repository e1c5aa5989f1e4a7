#!/bin/sh
# Make an authority of your own and one certificate for all machines of the cluster.
# Run it once, in the folder in which scheduler, workers and `workbook grade` will run; copy the
# folder `certificates` to each machine, and to nobody else: who holds it may run code on them all.
set -eu

mkdir -p certificates
cd certificates
if [ -e node.key ]; then
  echo "certificates/ is there already; remove it to make new ones." >&2
  exit 1
fi
umask 077
openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj "/CN=grading authority" \
  -keyout authority.key -out authority.pem 2> /dev/null
openssl req -newkey rsa:3072 -nodes -subj "/CN=grading node" \
  -keyout node.key -out node.csr 2> /dev/null
openssl x509 -req -in node.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 365 \
  -out node.pem 2> /dev/null
rm node.csr
echo "Made certificates/. Keep authority.key where no machine of the cluster can read it."
