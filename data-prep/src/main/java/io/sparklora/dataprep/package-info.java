package io.sparklora.dataprep;
